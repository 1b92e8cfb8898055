"""The commands ``doctor`` and ``guest``."""
