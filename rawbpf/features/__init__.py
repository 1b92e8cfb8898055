"""Find out which BPF features the running kernel supports.

    answer.py  │ the three outcomes of a probe, and the evidence
    probes.py  │ one function for each kind of feature
    table.py   │ feature, first kernel version, commit, probe

Kernel versions alone are misleading, because vendors backport features, and because kernels may be
built without some features. Each feature is therefore probed by using it, with objects that are
invisible to other processes and are freed when the probe returns. No probe attaches a program. A
probe answers yes, no or unknown, because "no" and "unknown" call for different advice.
"""
