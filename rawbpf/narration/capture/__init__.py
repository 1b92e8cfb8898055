"""Capture system calls as Call objects: words, memory, results, and descriptors' targets."""
