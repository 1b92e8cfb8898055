"""What the stepper shows: where it is, what changed, what is in memory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rawbpf.asm.format import Style, format_instruction
from rawbpf.cli.local.text import datum, record_text, register_text
from rawbpf.errors import UsageError
from rawbpf.output.text import letters, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.machine.code import Where
    from rawbpf.machine.machine import Machine
    from rawbpf.machine.snapshot import Change

__all__ = [
    "address_of",
    "change_line",
    "dump",
    "here",
    "instruction_line",
    "listing",
    "stack_trace",
]

_STYLE = Style(helpers=True)
_AROUND = 5
_SHOWN = 24
_ROW = 16
_GARBAGE = b"\xa5" * _ROW


def here(machine: Machine) -> Iterator[str]:
    """The place, the line of source, and the instruction that comes next."""
    where = machine.where
    yield f"> {where}"
    if where.source is not None:
        yield f"      {printable(where.source.read())}"
    yield instruction_line(where)


def instruction_line(where: Where, mark: str = " ") -> str:
    """The slot and the instruction in the C dialect, with the names that it refers to."""
    instruction = where.instruction
    if instruction is None:
        return f"{mark}{where.slot:4}: (end)"
    text = format_instruction(instruction, _STYLE)
    reference = instruction.reference
    return f"{mark}{where.slot:4}: {text}" + (f"    ; {reference.name}" if reference else "")


def listing(machine: Machine, breakpoints: set[int]) -> Iterator[str]:
    """The instructions around the next one; -> marks it, * a breakpoint."""
    program, number = machine.where.program, machine.where.number
    start = machine.index - number
    for one in range(
        max(number - _AROUND, 0), min(number + _AROUND + 1, len(program.instructions))
    ):
        mark = "->" if one == number else " *" if start + one in breakpoints else "  "
        yield instruction_line(machine.code.where(start + one), mark)


def change_line(machine: Machine, change: Change) -> str:
    """One thing that an instruction did."""
    old, new = change.old, change.new
    match change.what:
        case "register":
            was = register_text(machine, old)
            return f"  {change.place} = {register_text(machine, new)}    was {was}"
        case "memory":
            return f"  {change.place} = {_bytes(new)}    was {_bytes(old)}"
        case "map":
            place = printable(change.place) + f"[{datum(change.key)}]" * bool(change.key)
            return f"  {place} = {_values(new)}    was {_values(old)}"
        case "record":
            return f"  {printable(change.place)}: {record_text(new)}"  # type: ignore[arg-type]
    return f"  printed: {printable(str(new))}"


def _bytes(data: object) -> str:
    assert isinstance(data, bytes)
    return data[:_SHOWN].hex() + ("..." if len(data) > _SHOWN else "")


def _values(values: object) -> str:
    return ", ".join(map(datum, values)) if isinstance(values, tuple) else "absent"


def stack_trace(machine: Machine) -> Iterator[str]:
    """The functions that have not returned, the innermost first."""
    index = machine.index
    for number in reversed(range(len(machine.frames))):
        frame = machine.frames[number]
        called = ", called back by a helper" if frame.callbacks else ""
        yield f"  {machine.code.where(index)}{called}"
        index = frame.back - 1


def dump(
    machine: Machine, address: int, length: int, *, skip_garbage: bool = False
) -> Iterator[str]:
    """Rows of sixteen bytes, each with its place. MachineError: nothing is there."""
    data = bytes(machine.memory.view(address, length)) if length else b""
    for start in range(0, len(data), _ROW):
        row = data[start : start + _ROW]
        if skip_garbage and row == _GARBAGE:
            continue
        text = letters(row)
        place = machine.memory.name(address + start)
        yield f"  {place or '':>14}  {row.hex(' ', 4):<35}  {text}"


_PLACE = re.compile(r"([A-Za-z]\w*(?:\[[^\]]*\])?)?(?:([+-]?)(0x[0-9a-fA-F]{1,16}|[0-9]{1,20}))?")


def address_of(machine: Machine, text: str) -> int:
    """An address from words: ``r10-8``, ``context+4``, ``hits[0]``, ``0x500000000100``."""
    found = _PLACE.fullmatch(text)
    if not text or found is None or (found[1] and found[3] and not found[2]):
        raise UsageError(f"{text!r} is no address", fix="write r10-8, context+4 or a number")
    base = _base(machine, found[1]) if found[1] else 0
    digits = found[3] or "0"
    offset = int(digits, 16 if digits.startswith("0x") else 10)
    return base - offset if found[2] == "-" else base + offset


def _base(machine: Machine, name: str) -> int:
    """What a register holds, or where offsets of a region count from."""
    if re.fullmatch(r"r([0-9]|10)", name):
        return machine.registers[int(name[1:])] + 0  # which an unset one refuses
    for region in machine.memory.regions:
        if region.name == name:
            return region.origin
    names = ", ".join(region.name for region in machine.memory.regions)
    raise UsageError(f"there is no {name!r}", fix=f"there is: {names}")
