r"""Locate the fields in the structures of a call, and the descriptors inside instructions.

An attr is often shorter than its structure; fields past the end of the attr were not passed.

>>> from rawbpf.uapi.bpf_attr import BpfAttrMapCreate
>>> given(BpfAttrMapCreate, 20)
['map_type', 'key_size', 'value_size', 'max_entries', 'map_flags']
>>> numbers(BpfAttrMapCreate, b"\x02\0\0\0\x04")["key_size"]
4

``uapi.bpf_link`` describes the header of struct bpf_link_info and the part for each link type in
separate structures. ``LINK_INFOS`` combines the header with a part, into one structure per link
type.

>>> from rawbpf.uapi.bpf import bpf_link_type
>>> info = LINK_INFOS[bpf_link_type.BPF_LINK_TYPE_XDP]
>>> [name for name, *_ in info._fields_], info.ifindex.offset
(['type', 'id', 'prog_id', '_hole', 'ifindex'], 16)

The kernel replaces descriptors in instructions when it loads a program:

    lddw, src 1 and 2       │ a map: imm
    lddw, src 3             │ a variable of a module: the module's BTF, in the second slot's imm
    lddw, src 5 and 6       │ a map: imm is an index into fd_array
    call, src 2             │ a function of a module: off is an index into fd_array, 0 is vmlinux
"""

from __future__ import annotations

import ctypes
from ctypes import Structure, c_uint32
from typing import TYPE_CHECKING, Any, NamedTuple

from rawbpf.uapi import bpf_insn as isa
from rawbpf.uapi.bpf import bpf_attach_type, bpf_cmd
from rawbpf.uapi.bpf_attr import BpfAttrLinkCreate
from rawbpf.uapi.bpf_commands import COMMANDS
from rawbpf.uapi.bpf_link import (
    NAMES,
    PARTS,
    BpfAttrLinkCreateKprobeMulti,
    BpfAttrLinkCreateUprobeMulti,
    BpfLinkInfo,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from enum import IntEnum

__all__ = ["INSN", "LINKS", "LINK_INFOS", "LINK_NAMES", "Place", "fd_fields", "fd_places", "given",
           "last_index", "member", "numbers", "origin", "place", "struct_of", "text"]  # fmt: skip

LINKS: dict[bpf_attach_type, type[Structure]] = {
    bpf_attach_type.BPF_TRACE_KPROBE_MULTI: BpfAttrLinkCreateKprobeMulti,
    bpf_attach_type.BPF_TRACE_KPROBE_SESSION: BpfAttrLinkCreateKprobeMulti,
    bpf_attach_type.BPF_TRACE_UPROBE_MULTI: BpfAttrLinkCreateUprobeMulti,
    bpf_attach_type.BPF_TRACE_UPROBE_SESSION: BpfAttrLinkCreateUprobeMulti,
}
"""Maps an attach type to a member of the union in ``link_create``."""


class Place(NamedTuple):
    """A field's offset and size in bytes; ``bits`` is the width of a bit-field, otherwise 0."""

    offset: int
    size: int
    bits: int


def place(struct: type[Structure], field: str) -> Place:
    """Return a field's location in its structure."""
    entry = next(entry for entry in struct._fields_ if entry[0] == field)
    bits = entry[2] if len(entry) > 2 else 0
    return Place(getattr(struct, field).offset, ctypes.sizeof(entry[1]), bits)


def given(struct: type[Structure], size: int) -> list[str]:
    """Return the fields that start within the first ``size`` bytes, without padding."""
    names = (name for name, *_ in struct._fields_ if not name.startswith("_"))
    return [name for name in names if getattr(struct, name).offset < size]


def numbers(struct: type[Structure], raw: bytes) -> dict[str, int]:
    """Return the numeric fields; fields past the end of ``raw`` are 0."""
    full = ctypes.sizeof(struct)
    values = struct.from_buffer_copy(raw[:full].ljust(full, b"\0"))
    found = ((name, getattr(values, name)) for name, *_ in struct._fields_)
    return {name: value for name, value in found if isinstance(value, int)}


_INTERFACES = {
    bpf_attach_type.BPF_XDP,
    bpf_attach_type.BPF_TCX_INGRESS,
    bpf_attach_type.BPF_TCX_EGRESS,
    bpf_attach_type.BPF_NETKIT_PRIMARY,
    bpf_attach_type.BPF_NETKIT_PEER,
}
"""Attach types whose target is an interface index, not a descriptor."""


def fd_fields(struct: type[Structure], raw: bytes) -> dict[str, int]:
    """Return the fields that contain descriptors, where 0 means that no descriptor was passed."""
    values = numbers(struct, raw)
    return {
        field: values[field]
        for field in given(struct, len(raw))
        if field.endswith("_fd")
        and values.get(field, 0) > 0
        and not (field == "target_fd" and values["attach_type"] in _INTERFACES)
    }


def text(struct: type[Structure], field: str, raw: bytes) -> str:
    """Return a char array field as text, up to the first NUL."""
    offset, size, _ = place(struct, field)
    return raw[offset : offset + size].partition(b"\0")[0].decode(errors="backslashreplace")


def member(enum: type[IntEnum], value: int) -> str:
    """Return the name of the enumerator with this value, or "" if the value has no name."""
    return enum(value).name if value in enum.__members__.values() else ""


def origin(struct: type[Structure], field: str) -> type[Structure]:
    """Return the structure in ``uapi`` that declares a field of LINK_INFOS."""
    found: type[Structure] = getattr(struct, "origin", {}).get(field, struct)
    return found


def struct_of(command: int, raw: bytes) -> type[Structure] | None:
    """Return the structure for a command's attr, or None if the command is unknown."""
    if command not in bpf_cmd.__members__.values():
        return None
    struct = COMMANDS[bpf_cmd(command)].struct
    if struct is BpfAttrLinkCreate:
        attach_type = numbers(struct, raw)["attach_type"]
        return next((other for one, other in LINKS.items() if one == attach_type), struct)
    return struct


_PERF_HEAD = 24


def _link_info(part: type[Structure]) -> type[Structure]:
    """Join the header and a part; ``origin`` maps each field to the structure that declares it."""
    (_, first, *_), *rest = part._fields_
    fields: list[Any] = list(BpfLinkInfo._fields_[:4])
    if isinstance(first, type) and ctypes.sizeof(first) == _PERF_HEAD:
        fields += [("event_type", c_uint32), ("_hole_2", c_uint32)]
    origin = {name: part for name, *_ in rest} | {
        name: BpfLinkInfo for name, *_ in BpfLinkInfo._fields_
    }
    name = f"{part.__name__}Whole"
    return type(name, (Structure,), {"_fields_": [*fields, *rest], "origin": origin})


LINK_INFOS = {link_type: _link_info(part) for link_type, part in PARTS.items()}
"""Maps a link type to the struct bpf_link_info for that type."""

LINK_NAMES = {
    info: NAMES[PARTS[link_type]]
    for link_type, info in LINK_INFOS.items()
    if PARTS[link_type] in NAMES
}
"""Maps a struct bpf_link_info to the fields for the address and length of a name buffer."""

INSN = 8
"""The size of an instruction slot in bytes."""

_LD_IMM64 = isa.BPF_LD | isa.BPF_IMM | isa.BPF_DW
_CALL = isa.BPF_JMP | isa.BPF_CALL
_FDS = {isa.BPF_PSEUDO_MAP_FD, isa.BPF_PSEUDO_MAP_VALUE}
_INDEXES = {isa.BPF_PSEUDO_MAP_IDX, isa.BPF_PSEUDO_MAP_IDX_VALUE}


def fd_places(raw: bytes) -> Iterator[int]:
    """Yield the offsets of the 4-byte descriptors in a sequence of instructions."""
    for at in _slots(raw):
        if raw[at] != _LD_IMM64:
            continue
        source, second = raw[at + 1] >> 4, at + INSN + 4
        if source in _FDS:
            yield at + 4
        elif source == isa.BPF_PSEUDO_BTF_ID and any(raw[second : second + 4]):
            yield second


def last_index(raw: bytes) -> int:
    """Return the highest fd_array index that instructions use, or -1 if they use none."""
    last = -1
    for at in _slots(raw):
        source = raw[at + 1] >> 4
        if raw[at] == _CALL and source == isa.BPF_PSEUDO_KFUNC_CALL:
            off = int.from_bytes(raw[at + 2 : at + 4], "little", signed=True)
            last = max(last, off or -1)
        elif raw[at] == _LD_IMM64 and source in _INDEXES:
            last = max(last, int.from_bytes(raw[at + 4 : at + 8], "little", signed=True))
    return last


def _slots(raw: bytes) -> Iterator[int]:
    """Yield each instruction's offset."""
    slots = iter(range(0, len(raw) - INSN + 1, INSN))
    for at in slots:
        yield at
        if raw[at] == _LD_IMM64:
            next(slots, None)
