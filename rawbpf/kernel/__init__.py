"""Facts about the running kernel.

Apart from RLIMIT_MEMLOCK, this package changes nothing on the system.
"""
