"""RB-V050: a function's last instruction is neither an exit nor a jump."""

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
        f"the last instruction is `{last}`, but must be an exit or a jump"
        if last and not last.startswith(("exit", "goto"))
        else "the last instruction of a function is neither an exit nor a jump",
        change="end the function with exit",
    )


def _repair(failure: Failure, _: re.Match[str]) -> Patch | None:
    """Return a patch that appends an exit, unless other functions follow."""
    if failure.code is None or len(failure.code.functions) > 1:
        return None
    return Patch("append exit", (insert(failure.code.slots, "exit"),))


RULE = Rule(
    code="RB-V050",
    title="Missing exit",
    patterns=(
        r"last insn is not an exit or jmp",
        r"(?:no exit|missing exit|fall[- ]?through from)[^\n]{0,40}insn (?P<slot>\d{1,9})",
    ),
    meaning=(
        "The last instruction of a program, and of each of its functions, must be an exit or a "
        "jump."
    ),
    reason=(
        "Otherwise, execution would continue in the next function, or in whatever memory "
        "follows the program."
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
