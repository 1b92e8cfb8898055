"""Cursors over perf rings and BPF ring buffers, given any memory with their layout."""
