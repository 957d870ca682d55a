"""What happens on this machine: git, processes, and what they may see."""
