"""The machine and its kernels: ``doctor`` and ``guest``."""
