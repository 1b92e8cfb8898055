"""RB-E010: no instructions, or more than are taken."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.kernel.rights import missing_capabilities
from rawbpf.refusals.rule import Found, Rule
from rawbpf.uapi.bpf import bpf_cmd

if TYPE_CHECKING:
    from rawbpf.refusals.asked import Asked

_MOST, _MOST_OF_USERS = 1_000_000, 4096


def _explain(asked: Asked) -> Found | None:
    count = asked["insn_cnt"]
    most = _MOST_OF_USERS if missing_capabilities(["CAP_BPF"]) else _MOST
    if not count:
        return Found("the program has no instructions", change="end it by `r0 = 0` and `exit`")
    if count > most:
        return Found(
            f"the program has {count} instructions, and the kernel takes {most} at most",
            change="split it: tail calls go from one program to the next, functions and loops "
            "(bpf_loop, 5.17) say a thing once",
        )
    return None


RULE = Rule(
    code="RB-E010",
    title="No instructions, or too many",
    calls=(bpf_cmd.BPF_PROG_LOAD,),
    errnos=(errno.E2BIG,),
    meaning=(
        "A program has 1 to 1,000,000 instructions (5.2), 4096 of somebody without CAP_BPF. An "
        "instruction with a 64-bit constant counts as two."
    ),
    reason=(
        "It is the same number as that of the instructions that the verifier is ready to walk "
        "through: a longer program could not be verified, even without a branch."
    ),
    example='A program without instructions: `ProgramSpec("none", kind, Builder("none").build())`.',
    explain=_explain,
)
