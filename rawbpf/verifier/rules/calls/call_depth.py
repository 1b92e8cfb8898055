"""RB-V044: a chain of function calls is too deep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    calls = [step for step in failure.path[:2000] if step.text.startswith("call pc")]
    slots = [step.slot for step in calls]
    again = next((slot for slot in slots if slots.count(slot) > 1), None)
    if again is not None:
        return Finding(
            "a function calls itself and exceeds the maximum call depth",
            (Evidence("this call occurs more than once on the path", again),),
            change="replace the recursion with a bounded loop",
        )
    return Finding(
        f"the call chain needs {match['count']} stack frames, which is more than the kernel allows",
        tuple(Evidence(step.text, step.slot) for step in calls[:9]),
        change="inline one of the functions into its caller (static __always_inline)",
    )


def _chain(frames: int) -> str:
    """Return a program whose functions call each other in a chain."""
    calls = (f".function f{n}\n        call f{n + 1}\n        exit\n" for n in range(2, frames))
    last = f".function f{frames}\n        r0 = 0\n        exit\n"
    return '.program p, "tc"\n        call f2\n        exit\n' + "".join(calls) + last


RULE = Rule(
    code="RB-V044",
    title="Call chain too deep",
    patterns=(r"the call stack of (?P<count>\d{1,9}) frames is too deep",),
    meaning=(
        "A program may have at most 8 stack frames (16 since 7.0), including the frame of "
        "the main function. Each called function takes one frame, and each level of "
        "recursion takes another."
    ),
    reason=(
        "The kernel stack is small and must not overflow, so the verifier limits its use before "
        "the program runs."
    ),
    examples=(
        Example(
            _chain(17),
            _chain(8),
        ),
    ),
    explain=_explain,
)
