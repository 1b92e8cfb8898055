"""Find out which BPF features the running kernel has.

    answer.py   the three outcomes of a probe, and the evidence
    probes.py   one function for each kind of feature
    table.py    feature, first kernel version, commit, probe

Versions alone are misleading: vendors backport features, and kernels are built without some of
them. Each feature is therefore probed by using it, with objects that no other process can see and
that are gone when the probe returns. Nothing is attached to anything. A probe answers yes, no or
unknown, since "no" and "unknown" lead to different advice.
"""
