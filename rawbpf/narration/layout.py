r"""A structure's bytes as numbers, as far as the bytes go.

An attr is often shorter than its structure: what is not there was not said.

>>> from rawbpf.uapi.bpf_attr import BpfAttrMapCreate
>>> given(BpfAttrMapCreate, 20)
['map_type', 'key_size', 'value_size', 'max_entries', 'map_flags']
>>> numbers(BpfAttrMapCreate, b"\x02\0\0\0\x04")["key_size"]
4
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.uapi.bpf import bpf_attach_type, bpf_cmd
from rawbpf.uapi.bpf_attr import (
    BpfAttrLinkCreate,
    BpfAttrLinkCreateKprobeMulti,
    BpfAttrLinkCreateUprobeMulti,
)
from rawbpf.uapi.bpf_commands import COMMANDS

if TYPE_CHECKING:
    from ctypes import Structure

__all__ = ["LINKS", "Place", "given", "numbers", "origin", "place", "struct_of", "text"]

LINKS: dict[bpf_attach_type, type[Structure]] = {
    bpf_attach_type.BPF_TRACE_KPROBE_MULTI: BpfAttrLinkCreateKprobeMulti,
    bpf_attach_type.BPF_TRACE_KPROBE_SESSION: BpfAttrLinkCreateKprobeMulti,
    bpf_attach_type.BPF_TRACE_UPROBE_MULTI: BpfAttrLinkCreateUprobeMulti,
    bpf_attach_type.BPF_TRACE_UPROBE_SESSION: BpfAttrLinkCreateUprobeMulti,
}
"""The union within ``link_create``: which member it is, by the attach type."""


class Place(NamedTuple):
    """Where a field lies; ``bits`` of a bit field, else 0."""

    offset: int
    size: int
    bits: int


def place(struct: type[Structure], field: str) -> Place:
    """Offset and size in bytes."""
    entry = next(entry for entry in struct._fields_ if entry[0] == field)
    bits = entry[2] if len(entry) > 2 else 0
    return Place(getattr(struct, field).offset, ctypes.sizeof(entry[1]), bits)


def given(struct: type[Structure], size: int) -> list[str]:
    """The fields of which ``size`` bytes hold at least the beginning, holes left out."""
    names = (name for name, *_ in struct._fields_ if not name.startswith("_"))
    return [name for name in names if getattr(struct, name).offset < size]


def numbers(struct: type[Structure], raw: bytes) -> dict[str, int]:
    """The fields that are numbers; those that the bytes do not reach count as 0."""
    full = ctypes.sizeof(struct)
    values = struct.from_buffer_copy(raw[:full].ljust(full, b"\0"))
    found = ((name, getattr(values, name)) for name, *_ in struct._fields_)
    return {name: value for name, value in found if isinstance(value, int)}


def text(struct: type[Structure], field: str, raw: bytes) -> str:
    """A field of chars, as far as its NUL."""
    offset, size, _ = place(struct, field)
    return raw[offset : offset + size].partition(b"\0")[0].decode(errors="backslashreplace")


def origin(struct: type[Structure], field: str) -> type[Structure]:
    """The structure of ``uapi`` that a field is from, where ``link_layouts`` put two together."""
    found: type[Structure] = getattr(struct, "origin", {}).get(field, struct)
    return found


def struct_of(command: int, raw: bytes) -> type[Structure] | None:
    """The structure that a command's attr is; None for a command that has none here."""
    if command not in bpf_cmd.__members__.values():
        return None
    struct = COMMANDS[bpf_cmd(command)].struct
    if struct is BpfAttrLinkCreate:
        kind = numbers(struct, raw)["attach_type"]
        return next((other for one, other in LINKS.items() if one == kind), struct)
    return struct
