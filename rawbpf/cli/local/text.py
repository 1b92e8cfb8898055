"""What the machine holds, as lines of text and as plain data for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawbpf.machine.maps.array import ProgArray
from rawbpf.machine.unset import Unset
from rawbpf.output.text import letters, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.machine.machine import Machine
    from rawbpf.machine.maps.base import MachineMap, Record

__all__ = ["datum", "map_lines", "map_object", "printed_lines", "record_text", "register_text"]

_NUMBERS = (1, 2, 4, 8)


def datum(data: bytes) -> str:
    """A key or value: a number if it has the size of one, else hex, and the text if it is one.

    >>> datum(bytes([42, 0, 0, 0])), datum(b"cat" + bytes(13))
    ('42', "63617400000000000000000000000000 'cat'")
    """
    if len(data) in _NUMBERS:
        return str(int.from_bytes(data, "little"))
    text = data.rstrip(b"\0")
    readable = len(text) > 1 and text.isascii() and text.decode().isprintable()
    return data.hex() + (f" {text.decode()!r}" if readable else "")


def register_text(machine: Machine, value: object) -> str:
    """A register's number, and what it points to.

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
    """What an address is the address of."""
    for map_ in machine.maps:
        if value == machine.maps.address(map_.spec.name):
            return f"map {map_.spec.name}"
    if value == machine.context.base:  # it may be empty, and then no memory is there
        return f"{machine.context.name}+0"
    function = machine.code.function_name(value)
    return f"function {function}" if function else machine.memory.name(value)


def map_lines(map_: MachineMap) -> Iterator[str]:
    """A title, and a line for each entry and record."""
    entries, records = list(map_.entries()), map_.records
    yield f"{printable(map_.spec.name)} ({map_.type_name}):" + (
        "" if entries or records else " empty"
    )
    show = bytes.decode if isinstance(map_, ProgArray) else datum
    for key, values in entries:
        yield f"  {datum(key) + ': ' if key else ''}{', '.join(map(show, values))}"
    for record in records:
        yield f"  {record_text(record)}"


def record_text(record: Record) -> str:
    """On which CPU, how long, the bytes, and what of them is text."""
    text = letters(record.data)
    return f"cpu {record.cpu}, {len(record.data)} bytes: {record.data.hex()} {text}"


def map_object(map_: MachineMap) -> dict[str, Any]:
    """The same for JSON: bytes in hex."""
    return {
        "type": map_.type_name,
        "entries": [
            {"key": key.hex(), "values": [value.hex() for value in values]}
            for key, values in map_.entries()
        ],
        "records": [{"cpu": record.cpu, "data": record.data.hex()} for record in map_.records],
    }


def printed_lines(machine: Machine) -> Iterator[str]:
    """What trace_printk said, a line each."""
    for line in machine.printed:
        yield f"  {printable(line)}"
