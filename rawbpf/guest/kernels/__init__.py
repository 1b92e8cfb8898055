"""Kernels to boot: the cache, and how kernels get there."""
