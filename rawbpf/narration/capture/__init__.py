"""From system calls to Calls: words, memory, results, and what descriptors stand for."""
