"""BPF helper functions in Python, one family per module."""
