"""Where a runtime's program runs: a tmux session that a person can look into."""
