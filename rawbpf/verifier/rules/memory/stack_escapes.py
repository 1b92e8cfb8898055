"""RB-V027: a pointer to a stack frame would outlive the frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Example, Finding, Rule
from rawbpf.verifier.words import history, is_a

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    one = failure.effect
    register = one.src if one.kind == "store" else 0
    known: tuple[Evidence, ...] = ()
    if register is not None:
        value = failure.value(register)
        known = (
            *((Evidence(is_a(register, value)),) if value is not None else ()),
            *history(failure, register),
        )
    returned = match.groupdict().get("returned")
    return Finding(
        "the function returns a pointer to its own stack frame, which no longer exists "
        "after the return"
        if returned
        else "the function stores a pointer to its own stack frame in its caller's frame, which "
        "lives longer",
        known,
        change="have the caller pass a pointer to its own memory, and write the result there",
    )


_CALL = """\
.program p, "tc"
        r1 = r10
        r1 += -8
        call f
        r0 = 0
        exit
"""
_FUNCTION = ".function f\n        *(u64 *)(r10 - 8) = 1\n"

RULE = Rule(
    code="RB-V027",
    title="Stack pointer outlives its frame",
    patterns=(
        r"cannot spill pointers to stack into stack frame of the caller",
        r"cannot (?P<returned>return stack pointer) to the caller",
    ),
    meaning=(
        "Each function has its own stack frame, which exists only until the function "
        "returns. A pointer to the frame may be passed to called functions. A pointer to "
        "the frame may not be passed to the caller, either as the return value or "
        "through the caller's frame."
    ),
    reason=(
        "The next call reuses the same bytes, so the caller would read or change unrelated data "
        "through the pointer."
    ),
    examples=(
        Example(
            _CALL + _FUNCTION + "        r2 = r10\n        r2 += -8\n"
            "        *(u64 *)(r1 + 0) = r2\n        r0 = 0\n        exit\n",
            _CALL + _FUNCTION + "        r2 = *(u64 *)(r10 - 8)\n"
            "        *(u64 *)(r1 + 0) = r2\n        r0 = 0\n        exit\n",
        ),
        Example(
            '.program p, "tc"\n        call f\n        r0 = 0\n        exit\n'
            + _FUNCTION
            + "        r0 = r10\n        r0 += -8\n        exit\n",
            '.program p, "tc"\n        call f\n        r0 = 0\n        exit\n'
            + _FUNCTION
            + "        r0 = *(u64 *)(r10 - 8)\n        exit\n",
        ),
    ),
    explain=_explain,
)
