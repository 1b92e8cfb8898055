"""The protocol between host and guest: frames, shared memory and archives.

Host and guest both import this package.
"""
