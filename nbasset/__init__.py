"""nbasset."""
