"""The protocol between host and guest: frames, shared memory, archives.

Host and guest both import this package.
"""
