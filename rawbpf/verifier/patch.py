"""Modify a program's instructions, so that a change can be shown and tested on the kernel.

Slots before an edit stay the same, and slots after it move; jumps and calls across the edit are
adjusted. A jump to the position of an insertion targets the inserted instructions, so that a check
inserted before an access runs on every path to the access.

Many changes make the program end with `r0 = 0`, `exit`, which is valid for most program types and
in subprograms. A change is only a proposal; rawbpf claims that it works only after the kernel has
accepted the changed program.

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
    from rawbpf.verifier.failure import Failure
    from rawbpf.verifier.origins import Origin
    from rawbpf.verifier.value import Value

__all__ = [
    "Edit",
    "Patch",
    "added_scalar",
    "free_registers",
    "insert",
    "leave_unless",
    "replace",
    "room",
]


class Edit(NamedTuple):
    """Replaces ``remove`` instructions, starting at ``slot``, with ``instructions``.

    With ``skipped``, jumps to ``slot`` bypass the new instructions, which then run only after the
    preceding instruction.
    """

    slot: int
    remove: int
    instructions: tuple[Instruction, ...]
    skipped: bool = False


def insert(slot: int, *texts: str, skipped: bool = False) -> Edit:
    """Return an edit that inserts instructions before ``slot``."""
    return Edit(slot, 0, _parse(texts), skipped)


def replace(slot: int, *texts: str) -> Edit:
    """Return an edit that replaces the instruction at ``slot``.

    If no texts are given, the instruction is removed.
    """
    return Edit(slot, 1, _parse(texts))


def _parse(texts: tuple[str, ...]) -> tuple[Instruction, ...]:
    from rawbpf.asm.parse import parse_instruction  # imported only for repairs

    return tuple(map(parse_instruction, texts))


class Patch(NamedTuple):
    """A set of edits that repair a program.

    ``what`` describes the repair in the imperative, such as "check r0 for NULL".

    ``license`` is the license to declare, or None to keep that of the program.
    """

    what: str
    edits: tuple[Edit, ...] = ()
    license: str | None = None

    def apply(self, program: Bytecode) -> Bytecode:
        """Return the patched program. Raises BytecodeError if an edit does not fit this program."""
        for one in sorted(self.edits, reverse=True):
            program = _apply(program, one)
        return program

    def lines(self, program: Bytecode | None) -> list[str]:
        """Return lines: ``- 6: ...`` is removed, ``+ 6: ...`` is inserted before slot 6."""
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
        raise BytecodeError(f"no instruction starts at slot {slot}")
    return starts.index(slot)


def _source(program: Bytecode, index: int) -> Source | None:
    """Return the source line for an inserted instruction, taken from the displaced one."""
    nearest = program.instructions[index : index + 1] or program.instructions[-1:]
    return nearest[0].source if nearest else None


def _aim(one: Instruction, slot: int, moved: Callable[[int], int], own: int) -> Instruction:
    """Return an instruction whose jump distance is adjusted for a move by ``own`` slots."""
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
    if one.slots == 2:  # the low half of imm contains the address of the function
        low = (one.imm + by) & 0xFFFF_FFFF
        return one._replace(imm=one.imm >> 32 << 32 | low)
    return one._replace(off=one.off + by) if field == "off" else one._replace(imm=one.imm + by)


def leave_unless(slot: int, condition: str, *before: str) -> Edit:
    """Return an edit that ends the program before ``slot`` unless the condition holds."""
    return insert(slot, *before, f"if {condition} goto +2", "r0 = 0", "exit")


def free_registers(failure: Failure) -> list[int]:
    """Return the registers that the program never uses.

    Registers that are preserved across calls come first.
    """
    code = failure.code
    if code is None:
        return []
    used = {0, 1, 10}
    for one in code.instructions:
        used |= {one.dst, one.src}
        if one.opcode == 0x85:
            used |= {1, 2, 3, 4, 5}
    return [number for number in (6, 7, 8, 9, 2, 3, 4, 5) if number not in used]


def added_scalar(failure: Failure, register: int) -> tuple[Origin, int] | None:
    """Return the step that added an unknown number to a pointer, and the number's register."""
    for one in failure.origins(register):
        if one.effect.kind == "arithmetic" and one.effect.src is not None:
            return one, one.effect.src
    return None


def room(value: Value | None) -> int | None:
    """Return the number of bytes from a pointer to the end of its memory, or None if unknown."""
    if value is None or value.is_variable:
        return None
    if value.kind == "fp":
        return -value.off if value.off < 0 else None
    size = {
        "map_value": "vs",
        "map_key": "ks",
        "ringbuf_mem": "sz",
        "mem": "sz",
        "alloc_mem": "mem_size",
    }
    field = size.get(value.kind)
    if field is None or field not in value.fields:
        return None
    return value.field(field) - value.off
