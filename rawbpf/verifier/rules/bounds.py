"""RB-V075: an offset or a size goes beyond what may be touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Finding, Rule
from rawbpf.verifier.words import history

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    register = int(match["reg"])
    side = "before" if match.groupdict().get("low") else "beside"
    return Finding(
        f"r{register} may lead {side} what it points to",
        history(failure, register),
        change="bound what is added to it, from above and from below, by a comparison or a mask",
    )


RULE = Rule(
    code="RB-V075",
    title="An offset goes beyond what may be touched",
    patterns=(
        r"R(?P<reg>\d\d?) (?P<low>min value is negative)",
        r"R(?P<reg>\d\d?) unbounded memory access",
        r"R(?P<reg>\d\d?) (?:min|max) value is outside of the allowed memory range",
        r"R(?P<reg>\d\d?) offset is outside of the \w{1,20}",
    ),
    meaning=(
        "The verifier knows of each register between which bounds it lies. The "
        "smallest or the largest of the addresses that come of it is not inside of "
        "what the register points to."
    ),
    reason=(
        "What is beside belongs to somebody else, and one path on which it is touched is enough."
    ),
    examples=(),
    explain=_explain,
    general=True,
)
