"""RB-V043: more than 8192 branches are waiting to be verified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


_FARTHEST = 2000  # the number of steps to examine, because a path may contain a million


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    jumps: dict[int, int] = {}
    for step in failure.path[:_FARTHEST]:
        if step.text.startswith("if "):
            jumps[step.slot] = jumps.get(step.slot, 0) + 1
    often = sorted(jumps, key=lambda slot: -jumps[slot])[:3]
    return Finding(
        f"{match['count']} branches are waiting to be verified, more than the verifier can store",
        tuple(
            Evidence(f"reached {_least(jumps[slot])}: {failure.text_at(slot) or ''}", slot)
            for slot in often
        ),
        change="shorten the loop, or leave it only at its end and keep the result in a register; "
        "use bpf_loop (since 5.17) for long loops",
    )


def _least(times: int) -> str:
    return "at least once" if times == 1 else f"at least {times} times"


RULE = Rule(
    code="RB-V043",
    title="Too many pending branches",
    patterns=(
        r"The sequence of (?P<count>\d{1,9}) jumps is too complex",
        r"(?P<count>\d{1,9}) (?:jumps|branches) (?:is|are) too complex",
    ),
    meaning=(
        "At a conditional jump where both branches are possible, the verifier follows one "
        "branch and stores the other for later. The verifier gives up once 8192 branches "
        "are stored. This typically happens in a loop that may exit in every iteration."
    ),
    reason=(
        "Each stored branch is a copy of all registers and the stack. These copies use "
        "kernel memory, which must be limited."
    ),
    examples=(),
    explain=_explain,
)
