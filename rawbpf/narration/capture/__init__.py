"""Capture system calls as Call objects, with their words, memory, results and descriptors."""
