"""RB-V031: a helper is called that this program may not use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    name = match["name"] or "the helper"
    kind = "programs of this type"
    if failure.spec is not None:
        kind = failure.spec.prog_type.name.removeprefix("BPF_PROG_TYPE_").lower() + " programs"
    return Finding(
        f"{name} is no helper for {kind}",
        change="use a helper that this program type has, or another program type; or have the "
        "capability that the helper needs (CAP_PERFMON for those that read kernel memory)",
    )


RULE = Rule(
    code="RB-V031",
    title="A helper is called that programs of this type do not get",
    patterns=(
        # until 6.11, then since 6.12
        r"unknown func (?P<name>\w{1,60})#(?P<number>\d{1,9})",
        r"program of this type cannot use helper (?P<name>\w{1,60})#(?P<number>\d{1,9})",
        r"func (?P<name>\w{1,60})#\d{1,9} (?:not supported for program type|supported only for)",
        r"(?P<name>\w{0,60})helper call is not allowed in probe",
    ),
    meaning=(
        "Each program type has its list of helpers. This one exists, but not for "
        "programs of this type, or not for those who lack a capability (CAP_PERFMON, "
        "CAP_BPF), or not for a program that may not sleep."
    ),
    reason=(
        "A helper works with what its programs have: a packet, a socket, the "
        "registers of a probe. Called elsewhere it would find something else there."
    ),
    examples=(
        Example(
            '.program p, "tc"\n        r2 = -4\n        call xdp_adjust_head\n'
            "        r0 = 0\n        exit\n",
            '.program p, "tc"\n        r2 = 64\n        r3 = 0\n'
            "        call skb_change_tail\n        r0 = 0\n        exit\n",
        ),
    ),
    explain=_explain,
)
