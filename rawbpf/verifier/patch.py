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

from rawbpf.asm.instruction import slots_of
from rawbpf.errors import BytecodeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.asm.instruction import Instruction, Source

__all__ = ["Edit", "Patch", "insert", "replace"]


class Edit(NamedTuple):
    """In front of ``slot``: take ``remove`` instructions away, put ``instructions`` there.

    ``skipped``: jumps to ``slot`` go behind what was put there; only who comes from above runs it.
    """

    slot: int
    remove: int
    instructions: tuple[Instruction, ...]
    skipped: bool = False


def insert(slot: int, *texts: str, skipped: bool = False) -> Edit:
    """Instructions in front of the one at ``slot``; jumps in them count from themselves."""
    return Edit(slot, 0, _parse(texts), skipped)


def replace(slot: int, *texts: str) -> Edit:
    """Other instructions for the one at ``slot``; none to take it away."""
    return Edit(slot, 1, _parse(texts))


def _parse(texts: tuple[str, ...]) -> tuple[Instruction, ...]:
    from rawbpf.asm.parse import parse_instruction  # explaining alone does not pay for it

    return tuple(map(parse_instruction, texts))


class Patch(NamedTuple):
    """``what`` it does, as an order: "check r0 for NULL". ``license``: the one to declare."""

    what: str
    edits: tuple[Edit, ...] = ()
    license: str | None = None

    def apply(self, program: Bytecode) -> Bytecode:
        """The program with the edits in. BytecodeError when it does not fit this program."""
        for one in sorted(self.edits, reverse=True):
            program = _apply(program, one)
        return program

    def lines(self, program: Bytecode | None) -> list[str]:
        """What changes: ``- 6: ...`` is taken away, ``+ 6: ...`` put in front of what is there."""
        if program is None:
            return []
        from rawbpf.asm.format import format_instruction

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


def _apply(program: Bytecode, edit: Edit) -> Bytecode:
    start = _index(program, edit.slot)
    end = start + edit.remove
    old_slots = slots_of(program.instructions)
    gone = old_slots[end] - old_slots[start] if end < len(old_slots) else 0
    grown = sum(one.slots for one in edit.instructions) - gone

    def moved(slot: int) -> int:
        stays = slot < edit.slot or (slot == edit.slot and not edit.skipped)
        return slot if stays else slot + grown

    aimed = [
        _aim(one, slot, moved, grown if index >= end else 0)
        for index, (one, slot) in enumerate(zip(program.instructions, old_slots, strict=False))
    ]
    functions = tuple(one._replace(slot=moved(one.slot)) for one in program.functions)
    nearest = _source(program, start)
    added = (one._replace(source=one.source or nearest) for one in edit.instructions)
    return program._replace(
        instructions=(*aimed[:start], *added, *aimed[end:]), functions=functions
    )


def _index(program: Bytecode, slot: int) -> int:
    starts = slots_of(program.instructions)
    if slot not in starts:
        raise BytecodeError(f"no instruction begins at slot {slot}")
    return starts.index(slot)


def _source(program: Bytecode, index: int) -> Source | None:
    """Return the source line of an instruction that is put there: that of the one it displaces."""
    nearest = program.instructions[index : index + 1] or program.instructions[-1:]
    return nearest[0].source if nearest else None


def _aim(one: Instruction, slot: int, moved: Callable[[int], int], own: int) -> Instruction:
    """The instruction with its distance as it is after the edit; ``own``: how far it moves."""
    from rawbpf.asm.disassembler import jump_target
    from rawbpf.asm.link import callee

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
    return one._replace(off=one.off + by) if field == "off" else one._replace(imm=one.imm + by)
