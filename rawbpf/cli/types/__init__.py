"""BTF on the command line: the kernel's types, a module's, a file's."""
