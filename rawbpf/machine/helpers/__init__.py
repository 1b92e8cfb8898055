"""BPF helper functions implemented in Python, with one module for each family."""
