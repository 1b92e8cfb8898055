"""Cursors over perf rings and BPF ring buffers, which work on any memory laid out like one."""
