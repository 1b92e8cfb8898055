"""BPF helper functions implemented in Python, one family per module."""
