"""Recorded calls, made again and compared."""
