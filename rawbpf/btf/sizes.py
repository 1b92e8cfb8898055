"""Compute sizes, alignments and offsets of members, and resolve typedefs and qualifiers.

BTF records the sizes of scalars, structs, unions and enums only. Other sizes are computed: a
pointer is 8 bytes long, because BPF is a 64-bit machine, and an array's size is the size of its
element times its length. BTF does not record alignments either, so they are computed as a compiler
would, assuming members at their natural offsets.

In a damaged blob, type references may be circular. Like the kernel, this module follows at most 32
references.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.btf import types as t
from rawbpf.errors import FormatError

if TYPE_CHECKING:
    from rawbpf.btf.btf import Btf

__all__ = [
    "MAX_DEPTH",
    "MODIFIERS",
    "POINTER_SIZE",
    "align_of",
    "bit_span",
    "resolve",
    "size_of",
    "strip",
]

POINTER_SIZE = 8
MAX_DEPTH = 32
"""MAX_RESOLVE_DEPTH in the BTF code of the kernel and libbpf."""

MODIFIERS = (t.Typedef, t.Const, t.Volatile, t.Restrict, t.TypeTag)
"""Kinds that name or qualify another type and have that type's size."""


def strip(btf: Btf, type_id: int) -> int:
    """Return the ID of a type after resolving typedefs, qualifiers and type tags.

    >>> from rawbpf.btf.btf import Btf
    >>> from rawbpf.btf.encode import BtfBuilder
    >>> builder = BtfBuilder()
    >>> ids = [builder.add(r) for r in (t.Int("int", 4, 32, 1), t.Typedef("pid_t", 1), t.Const(2))]
    >>> strip(Btf.from_bytes(builder.encode()), 3)
    1
    """
    for _ in range(MAX_DEPTH + 1):
        record = btf[type_id]
        if not isinstance(record, MODIFIERS):
            return type_id
        type_id = record.type_id
    raise _circular(type_id)


def resolve(btf: Btf, type_id: int) -> t.Type:
    """Return the record of a type after resolving typedefs, qualifiers and type tags."""
    return btf[strip(btf, type_id)]


def size_of(btf: Btf, type_id: int) -> int:
    """Return the size of a type in bytes.

    Raises FormatError if the type has no size, as is the case for void, functions and forward
    declarations.
    """
    length = 1
    for _ in range(MAX_DEPTH + 1):
        record = resolve(btf, type_id)
        if isinstance(record, t.Array):
            length *= record.length
            type_id = record.type_id
        elif isinstance(record, t.Var):
            type_id = record.type_id
        else:
            return length * _own_size(record, type_id)
    raise _circular(type_id)


def _own_size(record: t.Type, type_id: int) -> int:
    if isinstance(record, t.Ptr):
        return POINTER_SIZE
    if isinstance(record, t.Int | t.Struct | t.Union | t.Enum | t.Enum64 | t.Float | t.DataSec):
        return record.size
    raise FormatError(
        f"BTF type {type_id} has no size", why=f"the type is a {type(record).__name__}"
    )


def bit_span(btf: Btf, member: t.Member) -> tuple[int, int]:
    """Return a member's offset and size in bits; the size is 0 unless the member is a bit-field.

    Before kind_flag (5.0), a bit-field was a member of an integer type with fewer bits than its
    size.
    """
    if not member.bit_size:
        record = btf[member.type_id]
        if isinstance(record, t.Int) and (record.offset or record.bits < 8 * record.size):
            return member.bit_offset + record.offset, record.bits
    return member.bit_offset, member.bit_size


def align_of(btf: Btf, type_id: int, known: dict[int, int] | None = None) -> int:
    """Return a type's alignment in bytes, as in clang for BPF; a packed struct's alignment is 1.

    ``known`` caches the alignments of structs; pass the same dict to calls about many types.
    """
    return _align(btf, type_id, {} if known is None else known, MAX_DEPTH)


def _align(btf: Btf, type_id: int, known: dict[int, int], depth: int) -> int:
    type_id = strip(btf, type_id)
    if type_id in known:
        return known[type_id]
    if depth < 0:
        raise _circular(type_id)
    record = btf[type_id]
    if isinstance(record, t.Array | t.Var):
        return _align(btf, record.type_id, known, depth - 1)
    if isinstance(record, t.Struct | t.Union):
        # Results are cached, because maliciously nested types would otherwise take members ** depth
        # steps.
        known[type_id] = align = _align_of_members(btf, record, known, depth)
        return align
    size = _own_size(record, type_id)
    return min(16, size & -size) or 1


def _align_of_members(
    btf: Btf, record: t.Struct | t.Union, known: dict[int, int], depth: int
) -> int:
    align = 1
    for member in record.members:
        own = _align(btf, member.type_id, known, depth - 1)
        align = max(align, own)
        offset, bits = bit_span(btf, member)
        # A bit-field lies within one unit of its type, and every other member lies at a multiple of
        # its alignment. If a member violates this rule, the struct was declared packed.
        unit = 8 * (size_of(btf, member.type_id) or 1) if bits else 8 * own
        if offset % unit + bits > unit or (not bits and offset % unit):
            return 1
    return 1 if record.size % align else align


def _circular(type_id: int) -> FormatError:
    return FormatError(
        "circular BTF", why=f"type {type_id} is nested in more than {MAX_DEPTH} other types"
    )
