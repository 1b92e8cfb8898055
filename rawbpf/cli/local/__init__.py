"""The interpreter on the command line: ``run-local`` and ``step``."""
