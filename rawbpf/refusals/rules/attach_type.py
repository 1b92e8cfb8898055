"""RB-E012: an expected_attach_type that does not belong to the program's type."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.refusals.rule import Found, Rule
from rawbpf.uapi.bpf import bpf_attach_type, bpf_cmd
from rawbpf.uapi.prog_rights import ATTACH_TYPES

if TYPE_CHECKING:
    from rawbpf.refusals.asked import Asked

_SHOWN = 4


def _explain(asked: Asked) -> Found | None:
    # Those that take any, and those that take 0 alone, are tried with 0.
    taken = tuple(map(int, ATTACH_TYPES.get(asked["prog_type"], (0,))))
    others = (one for one in taken if one != asked["expected_attach_type"])
    good = next((one for one in others if asked.accepts(expected_attach_type=one)), None)
    if good is None:
        return None
    names = [bpf_attach_type(one).name for one in taken if one or len(taken) > 1]
    shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    kind = asked.name("prog_type")
    return Found(
        f"expected_attach_type is {asked.name('expected_attach_type')}, which is none of {kind}",
        (f"{kind} takes {shown or '0'}",),
        f"say where it will be attached: {bpf_attach_type(good).name if names else 0}",
        {"expected_attach_type": good},
    )


RULE = Rule(
    code="RB-E012",
    title="An attach type that is not one of the program type's",
    calls=(bpf_cmd.BPF_PROG_LOAD,),
    errnos=(errno.EINVAL,),
    meaning=(
        "Some types of programs are attached in several places, and what they may do depends on "
        "where: a program of a cgroup that sees connect() may change an address, one that sees a "
        "bind() another. Such a type names its place at load, in expected_attach_type."
    ),
    reason=(
        "The verifier checks accesses to the context, helpers and what is returned for the one "
        "place. When it is attached the kernel compares, so that it gets nowhere else."
    ),
    example="BPF_PROG_TYPE_CGROUP_SOCKOPT with expected_attach_type 0.",
    explain=_explain,
)
