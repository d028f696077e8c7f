"""Telling people: what goes out of the house when something happened."""
