"""C source code, compiled by clang with rawbpf's headers and a vmlinux.h generated from BTF."""
