"""Commands of the eBPF interpreter: ``run-local`` and ``step``."""
