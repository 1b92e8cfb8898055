"""Maps in the kernel: objects that own a descriptor, made from specs."""
