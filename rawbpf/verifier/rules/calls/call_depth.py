"""RB-V044: functions call each other too deep."""

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
            "a function calls itself, deeper than there are frames",
            (Evidence("this call is there more than once", again),),
            change="use a loop with a bound instead of the recursion",
        )
    return Finding(
        f"these calls take {match['count']} frames, and there are not so many",
        tuple(Evidence(step.text, step.slot) for step in calls[:9]),
        change="let one of the functions be a part of its caller (static __always_inline)",
    )


def _chain(frames: int) -> str:
    """A program that calls a function that calls a function ..."""
    calls = (f".function f{n}\n        call f{n + 1}\n        exit\n" for n in range(2, frames))
    last = f".function f{frames}\n        r0 = 0\n        exit\n"
    return '.program p, "tc"\n        call f2\n        exit\n' + "".join(calls) + last


RULE = Rule(
    code="RB-V044",
    title="Functions call each other too deep",
    patterns=(r"the call stack of (?P<count>\d{1,9}) frames is too deep",),
    meaning=(
        "A program has eight frames at most (sixteen since 7.0), its own included, "
        "and each function that is called takes one, also one that calls itself."
    ),
    reason=(
        "The kernel's stack is small and has no end that would catch an overflow, so "
        "all of it is accounted for before the program runs."
    ),
    examples=(
        Example(
            _chain(17),
            _chain(8),
        ),
    ),
    explain=_explain,
)
