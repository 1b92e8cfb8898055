"""RB-V070: the verifier found a fault in itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(_: Failure, match: re.Match[str]) -> Finding:
    return Finding(
        f"the verifier found a fault in itself: {match['said']}",
        change="try a newer kernel, and another way to write the instruction; tell "
        "bpf@vger.kernel.org, with the program",
    )


RULE = Rule(
    code="RB-V070",
    title="The verifier found a fault in itself",
    patterns=(
        r"(?P<said>verifier (?:internal error|bug)[^\n]{0,120})",
        r"(?P<said>REG INVARIANTS VIOLATION[^\n]{0,120})",
        r"(?P<said>(?:BUG|bug|kernel subsystem misconfigured|backtracking)[ _:][^\n]{0,120})",
    ),
    meaning=(
        "What the verifier knew of the program contradicts itself, or it came to a "
        "place where it should never be. It refuses the program to be safe; there may "
        "be nothing wrong with it."
    ),
    reason=(
        "A verifier that is wrong about a program might let in what does harm, so it "
        "checks itself and rather says no."
    ),
    examples=(),
    explain=_explain,
    general=True,
    unshown=(
        "There is no example: a program that brings about such a fault is a bug report, and the "
        "next kernel has the repair. In 6.18 it was bpf_loop with an address as the number of "
        "turns; 7.2 says that this is no number."
    ),
)
