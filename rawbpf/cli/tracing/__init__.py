"""Tracing commands: ``kprobe``, ``run``, and ``list``, which finds functions to probe."""
