"""Constants and structure layouts of the kernel's user-space interface."""
