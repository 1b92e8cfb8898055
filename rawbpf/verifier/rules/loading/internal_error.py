"""RB-V070: the verifier found an error in its own state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(_: Failure, match: re.Match[str]) -> Finding:
    return Finding(
        f"the verifier found an internal error: {match['said']}",
        change=(
            "try a newer kernel, or write the instruction in another way; report the bug, "
            "together with the program, to bpf@vger.kernel.org"
        ),
    )


RULE = Rule(
    code="RB-V070",
    title="Internal verifier error",
    patterns=(
        r"(?P<said>verifier (?:internal error|bug)[^\n]{0,120})",
        r"(?P<said>REG INVARIANTS VIOLATION[^\n]{0,120})",
        r"(?P<said>(?:BUG|bug|kernel subsystem misconfigured|backtracking)[ _:][^\n]{0,120})",
    ),
    meaning=(
        "The verifier's knowledge about the program is contradictory, or the verifier "
        "reached code that it should never reach. The verifier rejects the program to be "
        "safe, although the program may be correct."
    ),
    reason=(
        "A verifier that draws the wrong conclusions could accept a harmful program. The "
        "verifier therefore checks its own state, and rejects the program in case of doubt."
    ),
    examples=(),
    explain=_explain,
    general=True,
    unshown=(
        "This rule has no example, because a program that triggers an internal error is a "
        "bug report, and the next kernel contains the fix. In 6.18, bpf_loop with a pointer "
        "as the number of iterations triggered such an error; 7.2 reports that this "
        "argument is not a scalar."
    ),
)
