"""Numbers and layouts of the kernel's interface, as data."""
