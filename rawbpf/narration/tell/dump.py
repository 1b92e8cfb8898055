"""Dump and annotate every byte of a call's structures.

Each line shows an offset, the bytes, the name and value of a field, and the kernel version that
added the field. The memory to which pointers refer is dumped below the structure. Fields are
little-endian.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.decode import decode_all
from rawbpf.asm.disassembler import disassemble
from rawbpf.errors import RawbpfError
from rawbpf.narration.capture.layout import origin, place
from rawbpf.narration.tell.members import members
from rawbpf.output.text import letters, printable
from rawbpf.uapi.fields import since

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.narration.capture.call import Block, Call

__all__ = ["dump"]

_ROW = 8
"""The number of bytes in a line, which is the size of most fields."""

_MOST_ROWS = 64
"""The maximum number of lines for one block; any further lines are only counted."""

_HEX = _ROW * 3 - 1


def dump(call: Call) -> str:
    """Return the indented lines for all blocks of a call."""
    lines: list[str] = []
    left_out = 0
    for block in call.blocks:
        if block.field.isdecimal() and int(block.field) >= _MOST_ROWS:
            left_out += 1  # one of the strings in an array
            continue
        size = len(block.before if block.before is not None else block.after or b"")
        if block.kind == "events" or not size:
            continue
        written = "" if block.before is not None else ", written by the kernel"
        lines.append(f"    {block.path}, {size} bytes{written}:")
        lines += _shown(call, block)
    if left_out:
        lines.append(f"    ... and {left_out} more strings")
    return "\n".join(lines) + "\n" if lines else ""


def _shown(call: Call, block: Block) -> list[str]:
    data = block.before if block.before is not None else block.after or b""
    if block.struct is not None:
        return list(_structure(call, block))
    if block.kind == "insns":
        return _cut(list(_instructions(call, block, data)))
    if block.kind in ("log", "text"):
        lines = data.rstrip(b"\0").decode(errors="backslashreplace").splitlines()
        return _cut([f"      | {printable(line)}" for line in lines])
    return _cut(list(_bytes(data)))


def _cut(lines: list[str]) -> list[str]:
    if len(lines) <= _MOST_ROWS:
        return lines
    more = len(lines) - _MOST_ROWS
    return [*lines[:_MOST_ROWS], f"      ... and {more} more lines"]


def _structure(call: Call, block: Block) -> Iterator[str]:
    """Yield one line for each field; long fields continue on further lines."""
    assert block.struct is not None
    state = block.after if block.kind == "info" and block.after is not None else block.before or b""
    end = 0
    for one in members(call, block):
        at, size, bits = place(block.struct, one.field)
        if bits and at < end:
            continue
        if at > end:
            yield _line(end, state[end:at], "(hole)", "")
        release = since(origin(block.struct, one.field), one.field)
        added = f"Linux {release[0]}.{release[1]}" if release else ""
        rows = [state[at : at + size][n : n + _ROW] for n in range(0, size, _ROW)]
        text = "(below)" if one.text.startswith("{") else one.text
        yield _line(at, rows[0], f"{one.name} = {text}", added)
        for number, row in enumerate(rows[1:], 1):
            yield _line(at + number * _ROW, row, "", "")
        end = at + size
    for at in range(end, len(state), _ROW):
        text = "(unknown fields)" if at == end else ""
        yield _line(at, state[at : at + _ROW], text, "")


def _line(at: int, raw: bytes, text: str, added: str) -> str:
    return f"      {at:04x}  {raw.hex(' '):<{_HEX}}  {added:<10}  {text}".rstrip()


def _instructions(call: Call, block: Block, data: bytes) -> Iterator[str]:
    """Yield the slot, bytes and text of each instruction, with labels for descriptors."""
    try:
        instructions = decode_all(data)
        names = {
            (ref.at - 4) // 8: call.fds[ref.fd]
            for ref in block.refs
            if ref.fd is not None and call.fds.get(ref.fd)
        }
        rows = disassemble(instructions, symbols=names)
    except RawbpfError as error:
        yield f"      (not valid instructions: {error})"
        yield from _bytes(data)
        return
    for row in rows:
        label = f"{row.label}:" if row.label else ""
        raw = row.instruction.encode()
        yield f"      {row.slot:4}  {raw[:_ROW].hex(' '):<{_HEX}}  {label:<5} {row.text}"
        if len(raw) > _ROW:
            yield f"      {'':4}  {raw[_ROW:].hex(' ')}"


def _bytes(data: bytes) -> Iterator[str]:
    for at in range(0, len(data), _ROW):
        raw = data[at : at + _ROW]
        yield _line(at, raw, letters(raw), "")
