"""RB-V005: r10 is written to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(_failure: Failure, _match: re.Match[str]) -> Finding:
    return Finding(
        "r10 is written to, and it can only be read",
        change="copy it first (r2 = r10), and move the copy",
    )


RULE = Rule(
    code="RB-V005",
    title="The frame pointer is written to",
    patterns=(r"^frame pointer is read only$",),
    meaning=(
        "r10 holds the end of the stack frame, from which all stack is addressed. The kernel sets "
        "it; no instruction may."
    ),
    reason=(
        "If r10 could move, nobody could say which byte r10-8 is, and the frame of the caller "
        "could "
        "not be restored."
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
