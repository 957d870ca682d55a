"""What the tests share: a scrubbed environment, a sandbox for real commands, the documentation's blocks."""
