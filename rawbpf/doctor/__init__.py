"""Find out whether this machine can be traced, and what to do if it cannot.

    finding.py   what a check returns
    checks.py    one function for each fact about the kernel, the process and installed programs
    trial.py     try what `rawbpf kprobe` does, except enabling a probe
    examine.py   the table of checks, and how they are run

A check fails only if it prevents `rawbpf kprobe` from working.
"""
