"""RB-V046: some instructions are not reached by any path."""

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
    past = f" after `{before}`" if before else ""
    return Finding(
        f"no path reaches the instruction{past}",
        change="remove the instruction, or add a jump to it",
    )


def _repair(failure: Failure, _: re.Match[str]) -> Patch | None:
    """Return a patch that removes the unreachable instructions starting at this slot."""
    if failure.code is None or failure.slot is None:
        return None
    reached = _reached(failure)
    count, slot = 0, failure.slot
    while slot in failure.instructions and slot not in reached:
        slot += failure.instructions[slot].slots
        count += 1
    return Patch("remove the unreachable instructions", (Edit(failure.slot, count, ()),))


def _reached(failure: Failure) -> set[int]:
    """Return the slots of all instructions that can be reached."""
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
    title="Unreachable instruction",
    patterns=(r"unreachable insn (?P<slot>\d{1,9})",),
    meaning=(
        "No path from the start of the program leads to this instruction. Either a label or "
        "a jump is missing, or the preceding instructions always exit or jump away."
    ),
    reason=(
        "The verifier cannot check code that it never reaches. During speculative "
        "execution, however, a CPU might still run this code."
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
