"""RB-E004: a filter that answers in the kernel's place."""

from __future__ import annotations

from rawbpf.kernel.permission import denied_by_seccomp
from rawbpf.refusals.calls import LOADS, RIGHTS
from rawbpf.refusals.rule import Rule, of_process

RULE = Rule(
    code="RB-E004",
    title="A seccomp filter stands before the kernel",
    calls=LOADS,
    errnos=RIGHTS,
    meaning=(
        "A seccomp filter sees each system call first, and may answer it. Container engines put "
        "one there that answers bpf(2) with EPERM: the kernel itself was never asked."
    ),
    reason=(
        "A container shares the kernel with all others, so what it may ask of it is cut to what "
        "ordinary programs need. No capability helps against a filter."
    ),
    example="`docker run` with its usual profile, and capabilities that were added one by one.",
    explain=of_process(denied_by_seccomp),
)
