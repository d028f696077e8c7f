"""Pytest's door to notebooks. Loaded in every user's pytest, so it imports nothing until a notebook is named."""
