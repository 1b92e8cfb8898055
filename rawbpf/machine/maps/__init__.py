"""BPF maps implemented in Python, one family of map types per module."""
