"""RB-V030: a program calls a helper that this kernel does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.uapi.bpf_insn import HELPERS
from rawbpf.verifier.rule import Evidence, Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(_: Failure, match: re.Match[str]) -> Finding:
    number = int(match["number"])
    known = next((one for one in HELPERS.values() if one.number == number), None)
    if known is None:
        return Finding(
            f"no helper has the number {number}",
            change="call an existing helper: `bpf_NAME` in C, `call NAME` in assembly",
        )
    since = known.kernel
    return Finding(
        f"this kernel does not have the helper bpf_{known.name}",
        (Evidence(f"bpf_{known.name} (number {number}) was added in Linux {since}"),),
        change=f"avoid this helper, or run Linux {since} or later",
    )


RULE = Rule(
    code="RB-V030",
    title="Unknown helper",
    patterns=(r"invalid func (?P<name>\w{1,60})#(?P<number>-?\d{1,10})",),
    meaning=(
        "A call refers to a helper by its number, and this kernel has no helper with this number."
    ),
    reason=(
        "Helper numbers are assigned once and never change. An unknown number is either "
        "invalid or belongs to a helper that was added in a newer kernel."
    ),
    examples=(
        Example(
            '.program p, "tc"\n        call 9999\n        r0 = 0\n        exit\n',
            '.program p, "tc"\n        call ktime_get_ns\n        r0 = 0\n        exit\n',
        ),
    ),
    explain=_explain,
)
