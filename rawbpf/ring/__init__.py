"""Cursors over perf rings and BPF ring buffers, usable on any memory with the same layout."""
