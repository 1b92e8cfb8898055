"""BPF maps in Python, one family of types per module."""
