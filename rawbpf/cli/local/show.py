"""Format a machine's state as text: position, changes, memory, registers and maps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rawbpf.asm.format import Style, format_instruction
from rawbpf.errors import UsageError
from rawbpf.machine.maps.array import ProgArray
from rawbpf.machine.unset import Unset
from rawbpf.output.text import letters, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.machine.code import Where
    from rawbpf.machine.machine import Machine
    from rawbpf.machine.maps.base import MachineMap, OutputRecord
    from rawbpf.machine.snapshot import Change

__all__ = [
    "address_of",
    "change_line",
    "datum",
    "dump",
    "here",
    "instruction_line",
    "listing",
    "map_lines",
    "map_object",
    "printed_lines",
    "record_text",
    "register_text",
    "stack_trace",
]

_STYLE = Style(helpers=True)
_AROUND = 5
_SHOWN = 24
_ROW = 16
_GARBAGE = b"\xa5" * _ROW


def here(machine: Machine) -> Iterator[str]:
    """Yield the location, the source line and the text of the next instruction."""
    where = machine.where
    yield f"> {where}"
    if where.source is not None:
        yield f"      {printable(where.source.read())}"
    yield instruction_line(where)


def instruction_line(where: Where, mark: str = " ") -> str:
    """Return an instruction's slot and its text, including the symbol that it refers to."""
    instruction = where.instruction
    if instruction is None:
        return f"{mark}{where.slot:4}: (end)"
    text = format_instruction(instruction, _STYLE)
    reference = instruction.reference
    return f"{mark}{where.slot:4}: {text}" + (f"    ; {reference.name}" if reference else "")


def listing(machine: Machine, breakpoints: set[int]) -> Iterator[str]:
    """Yield the instructions around the next one, which is marked with ->; * marks breakpoints."""
    program, number = machine.where.program, machine.where.number
    start = machine.index - number
    for one in range(
        max(number - _AROUND, 0), min(number + _AROUND + 1, len(program.instructions))
    ):
        mark = "->" if one == number else " *" if start + one in breakpoints else "  "
        yield instruction_line(machine.code.where(start + one), mark)


def change_line(machine: Machine, change: Change) -> str:
    """Format one change as a line."""
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
    """Yield the call stack, innermost function first."""
    index = machine.index
    for number in reversed(range(len(machine.frames))):
        frame = machine.frames[number]
        called = ", called by a helper" if frame.callbacks else ""
        yield f"  {machine.code.where(index)}{called}"
        index = frame.back - 1


def dump(
    machine: Machine, address: int, length: int, *, skip_garbage: bool = False
) -> Iterator[str]:
    """Yield rows of sixteen bytes, each preceded by its location.

    Raises MachineError if the memory is not accessible.
    """
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
    """Parse an address: ``r10-8``, ``context+4``, ``hits[0]``, ``0x500000000100``."""
    found = _PLACE.fullmatch(text)
    if not text or found is None or (found[1] and found[3] and not found[2]):
        raise UsageError(f"invalid address {text!r}", fix="write r10-8, context+4 or a number")
    base = _base(machine, found[1]) if found[1] else 0
    digits = found[3] or "0"
    offset = int(digits, 16 if digits.startswith("0x") else 10)
    return base - offset if found[2] == "-" else base + offset


def _base(machine: Machine, name: str) -> int:
    """Return a register's value or, for the name of a memory region, the region's start address."""
    if re.fullmatch(r"r([0-9]|10)", name):
        return machine.registers[int(name[1:])] + 0  # raises an error if a register is unset
    for region in machine.memory.regions:
        if region.name == name:
            return region.origin
    names = ", ".join(region.name for region in machine.memory.regions)
    raise UsageError(f"no register or region {name!r}", why=f"the program's regions are: {names}")


_NUMBERS = (1, 2, 4, 8)


def datum(data: bytes) -> str:
    """Format a key or value as a number if it has a suitable size, otherwise as hex and text.

    >>> datum(bytes([42, 0, 0, 0])), datum(b"cat" + bytes(13))
    ('42', "63617400000000000000000000000000 'cat'")
    """
    if len(data) in _NUMBERS:
        return str(int.from_bytes(data, "little"))
    text = data.rstrip(b"\0")
    readable = len(text) > 1 and text.isascii() and text.decode().isprintable()
    return data.hex() + (f" {text.decode()!r}" if readable else "")


def register_text(machine: Machine, value: object) -> str:
    """Format a register's value and describe what it points to.

    >>> from rawbpf.asm import Builder
    >>> from rawbpf.machine.machine import Machine
    >>> b = Builder("nothing")
    >>> b.exit()
    >>> machine = Machine(b.build())
    >>> register_text(machine, 7), register_text(machine, machine.registers[10])
    ('7', '0x500000000200 (stack+0)')
    """
    if isinstance(value, Unset) or not isinstance(value, int):
        return "unset"
    place = _pointer(machine, value)
    if place:
        return f"{value:#x} ({place})"
    signed = value - (1 << 64) if value >> 63 else value
    return str(signed) if abs(signed) < 1 << 16 else f"{value:#x}"


def _pointer(machine: Machine, value: int) -> str | None:
    """Return the name of the memory at an address, or None if the address is invalid."""
    for map_ in machine.maps:
        if value == machine.maps.address(map_.spec.name):
            return f"map {map_.spec.name}"
    if value == machine.context.base:  # an empty context has no memory region
        return f"{machine.context.name}+0"
    function = machine.code.function_name(value)
    return f"function {function}" if function else machine.memory.name(value)


def map_lines(map_: MachineMap) -> Iterator[str]:
    """Yield a title, followed by one line for each entry and each record."""
    entries, records = list(map_.entries()), map_.records
    yield f"{printable(map_.spec.name)} ({map_.type_name}):" + (
        "" if entries or records else " empty"
    )
    show = bytes.decode if isinstance(map_, ProgArray) else datum
    for key, values in entries:
        yield f"  {datum(key) + ': ' if key else ''}{', '.join(map(show, values))}"
    for record in records:
        yield f"  {record_text(record)}"


def record_text(record: OutputRecord) -> str:
    """Format a record's CPU and length, and its bytes in hex and as text."""
    text = letters(record.data)
    return f"cpu {record.cpu}, {len(record.data)} bytes: {record.data.hex()} {text}"


def map_object(map_: MachineMap) -> dict[str, Any]:
    """Return a map as data for JSON, with bytes as hex strings."""
    return {
        "type": map_.type_name,
        "entries": [
            {"key": key.hex(), "values": [value.hex() for value in values]}
            for key, values in map_.entries()
        ],
        "records": [{"cpu": record.cpu, "data": record.data.hex()} for record in map_.records],
    }


def printed_lines(machine: Machine) -> Iterator[str]:
    """Yield the output of trace_printk line by line."""
    for line in machine.printed:
        yield f"  {printable(line)}"
