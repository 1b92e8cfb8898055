"""Kernels to boot: the cache of kernels, and the ways to add kernels to it."""
