"""Check whether this machine supports tracing, and suggest fixes if it does not.

    finding.py  │ what a check returns
    checks.py   │ one function for each fact about the kernel, the process and installed programs
    trial.py    │ try what `rawbpf kprobe` does, except enabling a probe
    examine.py  │ the table of checks, and how they are run

A check fails only if the problem prevents `rawbpf kprobe` from working.
"""
