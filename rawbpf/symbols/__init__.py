"""The kernel's symbols: bytes in, names and addresses out. ``rawbpf.kernel`` reads the files."""
