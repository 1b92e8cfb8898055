"""RB-E018: signals that came while the verifier was at work."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.refusals.rule import Found, Rule
from rawbpf.uapi.bpf import bpf_cmd

if TYPE_CHECKING:
    from rawbpf.refusals.asked import Asked


def _explain(_asked: Asked) -> Found:
    return Found(
        "a signal came in each time before the verifier was done",
        ("it was tried five times",),
        "block the signal while loading, or have the timer fire less often",
    )


RULE = Rule(
    code="RB-E018",
    title="Interrupted by signals",
    calls=(bpf_cmd.BPF_PROG_LOAD,),
    errnos=(errno.EAGAIN,),
    meaning=(
        "The verifier may take a second for a large program. When a signal waits for the process "
        "it stops with EAGAIN, and the load may be tried again, from the beginning. rawbpf does "
        "so five times."
    ),
    reason="Otherwise Ctrl-C, and the end of a process, would have to wait for it.",
    example="A timer of a profiler (setitimer) that fires each millisecond.",
    explain=_explain,
)
