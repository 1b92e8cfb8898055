"""RB-V043: more than 8192 branches left for later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


_FARTHEST = 2000  # steps, of as many as a million


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    jumps: dict[int, int] = {}
    for step in failure.path[:_FARTHEST]:
        if step.text.startswith("if "):
            jumps[step.slot] = jumps.get(step.slot, 0) + 1
    often = sorted(jumps, key=lambda slot: -jumps[slot])[:3]
    return Finding(
        f"{match['count']} branches are still to be looked at, more than the verifier notes",
        tuple(
            Evidence(f"passed {_least(jumps[slot])}: {failure.text_at(slot) or ''}", slot)
            for slot in often
        ),
        change="bound the loop, or leave it at its end only, with what was found in a register; "
        "use bpf_loop (5.17) for long ones",
    )


def _least(times: int) -> str:
    return "once at least" if times == 1 else f"{times} times at least"


RULE = Rule(
    code="RB-V043",
    title="Too many branches are left to be looked at",
    patterns=(
        r"The sequence of (?P<count>\d{1,9}) jumps is too complex",
        r"(?P<count>\d{1,9}) (?:jumps|branches) (?:is|are) too complex",
    ),
    meaning=(
        "At each conditional jump of which both sides are possible the verifier notes "
        "one for later. When 8192 are noted it gives up. That happens in loops that "
        "may be left at every turn."
    ),
    reason=(
        "Each of them is a copy of all registers and of the stack: kernel memory, "
        "which has to have an end."
    ),
    examples=(),
    explain=_explain,
)
