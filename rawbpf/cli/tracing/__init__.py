"""Commands that trace: ``kprobe``, ``run``, and ``list``, which finds a function to probe."""
