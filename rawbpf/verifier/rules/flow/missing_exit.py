"""RB-V050: a function that runs out of its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.patch import Patch, insert
from rawbpf.verifier.rule import Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, _: re.Match[str]) -> Finding:
    last = None if failure.code is None else failure.text_at(failure.code.slots - 1)
    return Finding(
        f"the last instruction is `{last}`: there is nothing to go on with"
        if last and not last.startswith(("exit", "goto"))
        else "a function ends neither with exit nor with a jump",
        change="end it with exit",
    )


def _repair(failure: Failure, _: re.Match[str]) -> Patch | None:
    """Only the program's own end; behind a function another one begins."""
    if failure.code is None or len(failure.code.functions) > 1:
        return None
    return Patch("end it", (insert(failure.code.slots, "exit"),))


RULE = Rule(
    code="RB-V050",
    title="A function runs out of its end",
    patterns=(
        r"last insn is not an exit or jmp",
        r"(?:no exit|missing exit|fall[- ]?through from)[^\n]{0,40}insn (?P<slot>\d{1,9})",
    ),
    meaning=(
        "The last instruction of a program, and of each of its functions, must be an "
        "exit or a jump."
    ),
    reason=(
        "Behind it is nothing, or another function. An instruction that is followed "
        "by none would go on in whatever memory comes next."
    ),
    examples=(
        Example(
            '.program p, "tc"\n        r0 = 0\n',
            '.program p, "tc"\n        r0 = 0\n        exit\n',
        ),
    ),
    explain=_explain,
    repair=_repair,
)
