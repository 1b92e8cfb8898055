"""Kernels to boot: the kernel cache, and the ways in which kernels are added to it."""
