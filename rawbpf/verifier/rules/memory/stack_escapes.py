"""RB-V027: an address of the stack would outlive its frame."""

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
        "the function returns an address in its own stack frame, which ends with it"
        if returned
        else "an address in the function's own frame is stored in the frame of its caller, which "
        "lasts longer",
        known,
        change="let the caller hand over the address of memory of its own, and write there",
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
    title="An address of the stack outlives its frame",
    patterns=(
        r"cannot spill pointers to stack into stack frame of the caller",
        r"cannot (?P<returned>return stack pointer) to the caller",
    ),
    meaning=(
        "Each function has a frame of its own, and what lies in it is gone when the function "
        "ends. An address of it may be handed down, to functions that are called, but not up: "
        "neither as the result nor by way of the caller's frame."
    ),
    reason=(
        "The next call uses the same bytes for something else, and the caller would read or "
        "change that without knowing."
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
