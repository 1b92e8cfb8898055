"""A change of a program's instructions, small enough to show and exact enough to try.

Slots before an edit stay where they are, slots behind move; jumps and calls across it are aimed
again. A jump to the place of an insertion goes to what was inserted: a check that was put in front
of an access is made on every way there.

>>> from rawbpf.asm import Builder, r0
>>> b = Builder("nothing")
>>> b.exit()
>>> print(Patch("set r0", (insert(0, "r0 = 0"),)).apply(b.build()).encode().hex(" ", 8))
b700000000000000 9500000000000000
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.asm.format import format_instruction
from rawbpf.asm.link import callee
from rawbpf.asm.parse import parse_instruction
from rawbpf.asm.program import Program
from rawbpf.errors import BytecodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rawbpf.asm.instruction import Instruction
    from rawbpf.asm.program import Source

__all__ = ["Edit", "Patch", "insert", "replace"]


class Edit(NamedTuple):
    """In front of ``slot``: take ``remove`` instructions away, put ``instructions`` there."""

    slot: int
    remove: int
    instructions: tuple[Instruction, ...]


def insert(slot: int, *texts: str) -> Edit:
    """Instructions in front of the one at ``slot``; jumps in them count from themselves."""
    return Edit(slot, 0, tuple(map(parse_instruction, texts)))


def replace(slot: int, *texts: str) -> Edit:
    """Other instructions for the one at ``slot``; none to take it away."""
    return Edit(slot, 1, tuple(map(parse_instruction, texts)))


class Patch(NamedTuple):
    """``what`` it does, as an order: "check r0 for NULL". ``license``: the one to declare."""

    what: str
    edits: tuple[Edit, ...] = ()
    license: str | None = None

    def apply(self, program: Program) -> Program:
        """The program with the edits in. BytecodeError when it does not fit this program."""
        for one in sorted(self.edits, reverse=True):
            program = _apply(program, one)
        return program

    def lines(self, program: Program) -> list[str]:
        """What changes: ``- 6: ...`` is taken away, ``+ 6: ...`` put in front of what is there."""
        found = []
        for one in sorted(self.edits):
            index = program.index_at(one.slot) if one.slot < program.slots else None
            if index is not None:
                gone = program.instructions[index : index + one.remove]
                found += [f"- {one.slot}: {format_instruction(i)}" for i in gone]
            found += [f"+ {one.slot}: {format_instruction(i)}" for i in one.instructions]
        if self.license is not None:
            found.append(f'+ .license "{self.license}"')
        return found


def _apply(program: Program, edit: Edit) -> Program:
    start = _index(program, edit.slot)
    end = start + edit.remove
    old_slots = _starts(program.instructions)
    gone = old_slots[end] - old_slots[start] if end < len(old_slots) else 0
    grown = sum(one.slots for one in edit.instructions) - gone

    def moved(slot: int) -> int:
        return slot if slot <= edit.slot else slot + grown

    aimed = [
        _aim(one, slot, moved, grown if index >= end else 0)
        for index, (one, slot) in enumerate(zip(program.instructions, old_slots, strict=False))
    ]
    instructions = (*aimed[:start], *edit.instructions, *aimed[end:])
    shift = len(edit.instructions) - edit.remove
    return Program(
        program.name,
        instructions,
        _sources(program, start, end, len(edit.instructions)),
        {
            _shifted(i, end, shift): one
            for i, one in program.references.items()
            if not start <= i < end
        },
        tuple(one._replace(slot=moved(one.slot)) for one in program.functions),
        {
            _shifted(i, end, shift): one
            for i, one in program.relocations.items()
            if not start <= i < end
        },
    )


def _index(program: Program, slot: int) -> int:
    starts = _starts(program.instructions)
    if slot not in starts:
        raise BytecodeError(f"no instruction begins at slot {slot}")
    return starts.index(slot)


def _starts(instructions: Sequence[Instruction]) -> list[int]:
    """The slot where each instruction begins, and the one behind the last."""
    slots, slot = [0], 0
    for one in instructions:
        slot += one.slots
        slots.append(slot)
    return slots


def _shifted(index: int, end: int, by: int) -> int:
    return index if index < end else index + by


def _sources(program: Program, start: int, end: int, count: int) -> tuple[Source | None, ...]:
    if not program.sources:
        return ()
    nearest = program.sources[min(start, len(program.sources) - 1)]
    return (*program.sources[:start], *(nearest,) * count, *program.sources[end:])


def _aim(one: Instruction, slot: int, moved: Callable[[int], int], own: int) -> Instruction:
    """The instruction with its distance as it is after the edit; ``own``: how far it moves."""
    from rawbpf.asm.disassembler import jump_target

    jump = jump_target(one, slot)
    target = callee(one, slot)
    field, goal = jump if jump is not None else ("imm", target)
    if goal is None:
        return one
    by = moved(goal) - goal - own
    if not by:
        return one
    if one.slots == 2:  # a function's address: the low half of imm
        low = (one.imm + by) & 0xFFFF_FFFF
        return one._replace(imm=one.imm >> 32 << 32 | low)
    return one._replace(**{field: getattr(one, field) + by})
