"""What stands between this machine and tracing it, with evidence and the way out.

A check is a small function that looks at one thing and returns a finding; ``checks`` is their
table. Facts come first, the trial last: it does, short of switching a probe on, what `rawbpf
kprobe` does. Only what would stop that command is a failure.
"""
