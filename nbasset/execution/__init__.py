"""Carrying out one plan: steps, contexts, executors, and the loop that publishes what steps staged and records what happened."""
