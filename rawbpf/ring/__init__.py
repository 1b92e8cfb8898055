"""Cursors over perf rings and BPF ring buffers, for any memory that has their layout."""
