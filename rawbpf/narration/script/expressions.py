"""Express the structures and memory of a call in Python, with names for descriptors."""

from __future__ import annotations

import builtins
import keyword
import re
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import UnsupportedError
from rawbpf.narration.capture.layout import place
from rawbpf.narration.capture.pointers import pointers
from rawbpf.narration.script.parts import OPENING, PARTS
from rawbpf.uapi.bpf import bpf_cmd

if TYPE_CHECKING:
    from rawbpf.narration.capture.call import Block, Call

__all__ = ["FdNames", "Packed", "packed"]

_PARTS = compile("".join([OPENING, *(one.text for one in PARTS)]), "script parts", "exec")
_TAKEN = {"n", *_PARTS.co_names, *dir(builtins)}
"""Names that descriptors must not have.

A variable named ``bytes``, for example, would break the script."""

_BY_KIND = {"link", "kprobe", "kretprobe", "uprobe", "uretprobe", "tracepoint"}
"""Kinds whose descriptors are named after the kind; others are named after their labels."""


class FdNames:
    """The names of the descriptors in a script."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._used = set(_TAKEN)
        self._said: set[str] = set()
        self.counting = False

    def has(self, fd: int) -> bool:
        """Return whether one of the recorded calls created the descriptor."""
        return fd in self._names

    def of(self, fd: int) -> str:
        """Return the name of a descriptor.

        Raises UnsupportedError if no recorded call created the descriptor.
        """
        if fd not in self._names:
            what = "cannot write a script that makes all calls in this session"
            raise UnsupportedError(what, why=f"descriptor {fd} was not created by a recorded call")
        return self._names[fd]

    def forget(self, fd: int) -> None:
        """Forget a descriptor that has been closed."""
        self._names.pop(fd, None)

    def first(self, words: str) -> bool:
        """Return whether a text appears in the script for the first time."""
        new = words not in self._said
        self._said.add(words)
        return new

    def give(self, fd: int, label: str) -> str:
        """Choose a new name for a descriptor, based on its label."""
        kind, _, name = label.partition(":")
        like = kind if kind in _BY_KIND or not name else name
        stem = re.sub(r"\W", "_", like).strip("_") or kind
        stem = f"_{stem}" if stem[0].isdigit() or keyword.iskeyword(stem) else stem
        found, number = stem, 2
        while found in self._used:
            found, number = f"{stem}_{number}", number + 1
        self._used.add(found)
        self._names[fd] = found
        return found


class Packed(NamedTuple):
    """The arguments of struct.pack for a structure: format, value expressions and field names."""

    form: str
    values: list[str]
    fields: list[str]


def packed(call: Call, block: Block, names: FdNames, *, size: int) -> Packed:
    """Return the arguments of struct.pack for a structure; trailing zeros become padding."""
    raw = (block.before or b"")[:size]
    end = len(raw.rstrip(b"\0"))
    struct, form, at = block.struct, "=", 0
    values: list[str] = []
    fields: list[str] = []
    if struct is None:
        return Packed(f"={len(raw)}s", [repr(raw)], fields)
    for field, *_ in struct._fields_:
        offset, width, bits = place(struct, field)
        if offset >= end or bits:
            break
        form += f"{offset - at}x" if offset > at else ""
        letter, value = _field(call, block, field, raw[offset : offset + width], names)
        form += letter
        values.append(value)
        fields.append(field)
        at = offset + width
    return Packed(_short(form) + (f"{size - at}x" if size > at else ""), values, fields)


_LETTERS = {(2, False): "H", (4, False): "I", (8, False): "Q", (4, True): "i", (8, True): "q"}


def _field(call: Call, block: Block, field: str, data: bytes, names: FdNames) -> tuple[str, str]:
    """Return the struct.pack format of a field, and an expression for its value."""
    struct, width = block.struct, len(data)
    assert struct is not None
    if width not in (2, 4, 8) or isinstance(getattr(struct(), field), bytes):
        return f"{width}s", repr(data.rstrip(b"\0"))
    at = place(struct, field).offset
    ref = next((ref for ref in block.refs if ref.at == at), None)
    number = str(int.from_bytes(data, "little"))
    if ref is None:
        command = bpf_cmd.__members__.get(call.command, -1)
        # An address is meaningless if its target was not recorded.
        return _LETTERS[width, False], "0" if field in pointers(struct, command) else number
    if ref.block is not None:
        return _LETTERS[width, False], _memory(call, call.blocks[ref.block], names)
    if ref.fd is not None and (names.has(ref.fd) or call.fds.get(ref.fd)):
        return _LETTERS[width, True], names.of(ref.fd)
    # the descriptor was not open during the recording, and is not open now
    return _LETTERS[width, False], number


_NUMBERS = {4: "I", 8: "Q"}


def _short(form: str) -> str:
    """Write ``IIII`` as ``4I``."""
    return re.sub(r"([IQ])\1+", lambda run: f"{len(run[0])}{run[1]}", form)


def _memory(call: Call, block: Block, names: FdNames) -> str:
    """Return an expression for the address of a block."""
    # the info may contain addresses, so zeros are used instead
    if block.before is None or block.kind == "info":
        return f'at(b"", {block.room})'
    data = block.before
    if block.kind == "insns":
        return f"at({_code(block, data, names)})"
    if block.refs and block.kind in ("key", "value", "fds"):
        fds = ", ".join(names.of(ref.fd) for ref in block.refs if ref.fd is not None)
        return f'at(struct.pack("={len(block.refs)}i", {fds}))'
    if block.refs and block.kind == "texts":
        texts = ", ".join(
            _memory(call, call.blocks[ref.block], names)
            for ref in block.refs
            if ref.block is not None
        )
        return f'at(struct.pack("={len(block.refs)}Q", {texts}))'
    if block.kind in ("key", "value") and len(data) in _NUMBERS:
        shown = "n" if names.counting and block.kind == "key" else int.from_bytes(data, "little")
        return f'at(struct.pack("={_NUMBERS[len(data)]}", {shown}))'
    if not any(data):
        return f'at(b"", {len(data)})'
    if block.kind == "text" or block.kind.endswith("probe"):
        return f"at({data!r})"
    return f'at(bytes.fromhex("{data.hex(" ", -8)}"))'


def _code(block: Block, data: bytes, names: FdNames) -> str:
    """Return an expression for instructions that refer to descriptors by name."""
    refs = [ref for ref in block.refs if ref.fd is not None]
    if not refs:
        return f'bytes.fromhex("{data.hex(" ", -8)}")'
    fds = ", ".join(f"s{(ref.at - 4) // 8}={names.of(ref.fd or 0)}" for ref in refs)
    return f'patched(bytearray.fromhex("{data.hex(" ", -8)}"), {fds})'
