"""Facts about the running kernel. Nothing here changes the system, except RLIMIT_MEMLOCK."""
