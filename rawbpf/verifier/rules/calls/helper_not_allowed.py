"""RB-V031: a program calls a helper that is not available to it."""

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
        f"{name} is not available to {kind}",
        change=(
            "use another helper or program type, or load the program with the capability "
            "that the helper needs (CAP_PERFMON to read kernel memory)"
        ),
    )


RULE = Rule(
    code="RB-V031",
    title="Helper not available to this program type",
    patterns=(
        # until 6.11, then since 6.12
        r"unknown func (?P<name>\w{1,60})#(?P<number>\d{1,9})",
        r"program of this type cannot use helper (?P<name>\w{1,60})#(?P<number>\d{1,9})",
        r"func (?P<name>\w{1,60})#\d{1,9} (?:not supported for program type|supported only for)",
        r"(?P<name>\w{0,60})helper call is not allowed in probe",
    ),
    meaning=(
        "Each program type has its own list of helpers. This helper exists, but this "
        "program may not call it: either the program type does not support the helper, or "
        "the loader lacks a capability (CAP_PERFMON, CAP_BPF), or the program is not "
        "sleepable."
    ),
    reason=(
        "A helper relies on something that only certain program types provide, such as a "
        "packet, a socket or a probe's registers."
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
