"""Programs in the kernel: loading as named steps, and the object that comes of it."""
