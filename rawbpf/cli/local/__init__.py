"""Commands that use the eBPF interpreter: ``run-local`` and ``step``."""
