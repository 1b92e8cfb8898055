"""C to a BPF object: clang, our own headers, and a vmlinux.h from the kernel's BTF."""
