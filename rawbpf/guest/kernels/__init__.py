"""Kernels to boot: those in the cache, and how they get there."""
