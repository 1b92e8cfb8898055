"""RB-V005: an instruction writes to r10, the frame pointer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(_failure: Failure, _match: re.Match[str]) -> Finding:
    return Finding(
        "the program writes to r10, which is read-only",
        change="copy r10 to another register (r2 = r10), and change the copy",
    )


RULE = Rule(
    code="RB-V005",
    title="Write to the frame pointer",
    patterns=(r"^frame pointer is read only$",),
    meaning=(
        "r10 points to the end of the stack frame, and all stack memory is addressed relative to "
        "it. The kernel sets r10, and no instruction may write to it."
    ),
    reason=(
        "If r10 could change, the verifier could not tell which byte r10-8 refers to, and "
        "the caller's frame could not be restored."
    ),
    examples=(
        Example(
            '.program move, "socket"\n        r10 += -8\n        r0 = 0\n        exit\n',
            '.program move, "socket"\n        r2 = r10\n        r2 += -8\n        r0 = 0\n'
            "        exit\n",
        ),
    ),
    explain=_explain,
)
