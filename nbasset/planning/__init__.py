"""Decisions, all pure: what to run and why, what is stale, what comes next. No I/O, and the time is an argument."""
