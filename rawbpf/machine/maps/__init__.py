"""BPF maps implemented in Python, with one module for each family of map types."""
