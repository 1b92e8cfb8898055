"""Commands that trace: ``kprobe``, ``run``, and ``list``, which finds functions to probe."""
