"""Compute the value that a record requests from a path.

For a bit-field, the offset is that of the integer to load: the smallest aligned integer that
contains all bits of the field. Two shifts extract the field: first left, until the field's highest
bit is bit 63, then right, until its lowest bit is bit 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.btf import types as t
from rawbpf.btf.sizes import bit_span, size_of, strip
from rawbpf.core_relo.access import ENUM_KINDS, STRUCTS, TYPE_KINDS
from rawbpf.errors import FormatError
from rawbpf.uapi.btf import BTF_INT_SIGNED, bpf_core_relo_kind

if TYPE_CHECKING:
    from rawbpf.btf.btf import Btf
    from rawbpf.core_relo.access import Path

__all__ = [
    "Decision",
    "Value",
    "absent_value",
    "value_of",
]

_K = bpf_core_relo_kind
_WIDEST = 8


class Value(NamedTuple):
    """The value that a record requests.

    With ``exact``, the instruction must contain the local value; otherwise, the object is damaged.
    For a byte offset, ``size`` and ``type_id`` describe the field, which determines the width of a
    load or store. ``narrow`` is set for a 32-bit enumerator. BTF from before 6.0 does not record
    whether an enum is signed.
    """

    number: int
    exact: bool = True
    size: int = 0
    type_id: int = 0
    narrow: bool = False


class Decision(NamedTuple):
    """The result for one record: the values for the object's own types and for the kernel's types.

    ``text`` is the path in C syntax, and ``candidate`` is the type in the kernel. If the kernel has
    no such path, ``found`` is None, ``missing`` describes the missing part, and ``target`` is None
    unless the result is 0.
    """

    text: str
    kind: bpf_core_relo_kind
    local: Value
    target: Value | None
    found: Path | None
    candidate: str = ""
    missing: str = ""


def value_of(path: Path, kind: bpf_core_relo_kind) -> Value:
    """Compute the value that a record requests.

    Raises FormatError if the path does not have the requested property.
    """
    if kind in TYPE_KINDS:
        return _of_type(path, kind)
    if kind in ENUM_KINDS:
        return _of_enumerator(path, kind)
    if kind is _K.BPF_CORE_FIELD_EXISTS:
        return Value(1)
    if path.steps[-1].name:
        return _of_member(path, kind)
    return _of_element(path, kind)


def absent_value(kind: bpf_core_relo_kind) -> Value | None:
    """Return the result for a missing path: 0 for types and existence checks, else None."""
    if kind in TYPE_KINDS or kind in (_K.BPF_CORE_FIELD_EXISTS, _K.BPF_CORE_ENUMVAL_EXISTS):
        return Value(0)
    return None


def _of_type(path: Path, kind: bpf_core_relo_kind) -> Value:
    if kind in (_K.BPF_CORE_TYPE_ID_LOCAL, _K.BPF_CORE_TYPE_ID_TARGET):
        # Linkers renumber types without updating the instructions.
        return Value(path.root, exact=False)
    if kind is _K.BPF_CORE_TYPE_SIZE:
        return Value(size_of(path.btf, path.root))
    return Value(1)


def _of_enumerator(path: Path, kind: bpf_core_relo_kind) -> Value:
    if kind is _K.BPF_CORE_ENUMVAL_EXISTS:
        return Value(1)
    step = path.steps[0]
    enum = path.btf[step.type_id]
    if not isinstance(enum, t.Enum | t.Enum64):
        raise FormatError(f"{path} is not an enumerator")
    return Value(enum.values[step.at].value, narrow=isinstance(enum, t.Enum))


def _of_element(path: Path, kind: bpf_core_relo_kind) -> Value:
    type_id = path.steps[-1].type_id
    size = size_of(path.btf, type_id)
    if kind is _K.BPF_CORE_FIELD_BYTE_OFFSET:
        return Value(path.bit_offset // 8, size=size, type_id=type_id)
    if kind is _K.BPF_CORE_FIELD_BYTE_SIZE:
        return Value(size)
    raise FormatError(f"{kind.name} of {path}", why="array elements have neither sign nor shift")


def _of_member(path: Path, kind: bpf_core_relo_kind) -> Value:
    btf, step = path.btf, path.steps[-1]
    holder = btf[step.type_id]
    if not isinstance(holder, STRUCTS):
        raise FormatError(f"{path} is not a member")
    member = holder.members[step.at]
    type_id = strip(btf, member.type_id)
    if kind is _K.BPF_CORE_FIELD_SIGNED:
        return Value(int(_is_signed(btf[type_id])))
    _, bits = bit_span(btf, member)
    offset, size = _unit(path, type_id, bits)
    if kind is _K.BPF_CORE_FIELD_BYTE_OFFSET:
        if bits:
            return Value(offset, exact=False)
        return Value(offset, size=_element_size(btf, type_id), type_id=type_id)
    if kind is _K.BPF_CORE_FIELD_BYTE_SIZE:
        return Value(size, exact=not bits)
    width = bits or 8 * size
    if kind is _K.BPF_CORE_FIELD_LSHIFT_U64:
        return Value(64 - (path.bit_offset + width - 8 * offset), exact=False)
    return Value(64 - width)


def _unit(path: Path, type_id: int, bits: int) -> tuple[int, int]:
    """Return the byte offset and the size of the integer to load."""
    size = size_of(path.btf, type_id)
    if not bits:
        return path.bit_offset // 8, size
    end = path.bit_offset + bits
    while size <= _WIDEST:
        offset = path.bit_offset // 8 // size * size if size else 0
        if size and end <= 8 * (offset + size):
            return offset, size
        size = size * 2 or 1
    raise FormatError(
        f"bitfield {path}",
        why="the bit field does not fit into an aligned integer of up to 8 bytes",
    )


def _element_size(btf: Btf, type_id: int) -> int:
    """Return a type's size, or the size of an array's element, because a load reads one element."""
    record = btf[type_id]
    for _ in range(32):
        if not isinstance(record, t.Array):
            break
        type_id = strip(btf, record.type_id)
        record = btf[type_id]
    return size_of(btf, type_id)


def _is_signed(record: t.Type) -> bool:
    if isinstance(record, t.Int):
        return bool(record.encoding & BTF_INT_SIGNED)
    return isinstance(record, t.Enum | t.Enum64) and record.signed
