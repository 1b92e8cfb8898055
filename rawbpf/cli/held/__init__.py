"""Objects that the kernel holds: programs, maps and links."""
