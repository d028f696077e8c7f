"""What happened: facts in the past tense, the records they add up to, and the pure functions that do the adding."""
