"""RB-V046: instructions that nothing leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.disassembler import jump_target
from rawbpf.verifier.patch import Edit, Patch
from rawbpf.verifier.rule import Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, _: re.Match[str]) -> Finding:
    before = None if failure.slot is None else failure.text_at(failure.slot - 1)
    past = f" behind `{before}`" if before else ""
    return Finding(
        f"nothing leads to the instruction{past}",
        change="take it out, or jump to it from somewhere",
    )


def _repair(failure: Failure, _: re.Match[str]) -> Patch | None:
    """Take out all that cannot be reached from here on."""
    if failure.code is None or failure.slot is None:
        return None
    reached = _reached(failure)
    count, slot = 0, failure.slot
    while slot in failure.instructions and slot not in reached:
        slot += failure.instructions[slot].slots
        count += 1
    return Patch("take out what cannot be reached", (Edit(failure.slot, count, ()),))


def _reached(failure: Failure) -> set[int]:
    """The slots that something leads to."""
    starts = failure.instructions
    functions = failure.code.functions if failure.code else ()
    todo, seen = [one.slot for one in functions] or [0], set[int]()
    while todo:
        slot = todo.pop()
        if slot in seen or slot not in starts:
            continue
        seen.add(slot)
        one = starts[slot]
        jump = jump_target(one, slot)
        if jump is not None:
            todo.append(jump[1])
        if one.opcode not in _ENDS:
            todo.append(slot + one.slots)
    return seen


_ENDS = (0x05, 0x06, 0x95)  # goto, gotol, exit


RULE = Rule(
    code="RB-V046",
    title="An instruction cannot be reached",
    patterns=(r"unreachable insn (?P<slot>\d{1,9})",),
    meaning=(
        "No path from the beginning leads to the instruction. A label or a jump was "
        "forgotten, or the instructions before it always end or jump away."
    ),
    reason=(
        "The verifier vouches for all that it lets in, and what it never comes to it "
        "has not looked at. In speculation a CPU might run it nevertheless."
    ),
    examples=(
        Example(
            '.program p, "tc"\n        r0 = 0\n        exit\n        r0 = 1\n        exit\n',
            '.program p, "tc"\n        r0 = 0\n        exit\n',
        ),
    ),
    explain=_explain,
    repair=_repair,
)
