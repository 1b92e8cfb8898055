"""RB-E014: a bit of prog_flags that is not known, or not for this type."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.refusals.rule import Found, Rule
from rawbpf.uapi.bpf import bpf_cmd

if TYPE_CHECKING:
    from rawbpf.refusals.asked import Asked


def _explain(asked: Asked) -> Found | None:
    given = asked["prog_flags"]
    for bit in (1 << n for n in range(32) if given >> n & 1):
        if asked.accepts(prog_flags=given & ~bit):
            return Found(
                f"prog_flags has {bit:#x}, which this kernel does not take of "
                f"{asked.name('prog_type')}",
                (f"prog_flags is {asked.name('prog_flags')}",),
                "leave the flag out, or load it on a newer kernel",
                {"prog_flags": given & ~bit},
            )
    return None


RULE = Rule(
    code="RB-E014",
    title="A flag of a program that the kernel does not take",
    calls=(bpf_cmd.BPF_PROG_LOAD,),
    errnos=(errno.EINVAL,),
    meaning=(
        "prog_flags asks for something besides: BPF_F_SLEEPABLE (5.10) for a program that may "
        "sleep, BPF_F_XDP_HAS_FRAGS (5.18) for one that takes packets in pieces. A bit that the "
        "kernel does not know is refused."
    ),
    reason=(
        "If it were ignored, a program would be loaded that has not what it asked for, and "
        "nobody would be told."
    ),
    example="prog_flags = 1 << 20.",
    explain=_explain,
)
