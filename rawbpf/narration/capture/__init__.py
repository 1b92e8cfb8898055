"""Turn system calls into Calls: words, memory, results, and what each descriptor refers to."""
