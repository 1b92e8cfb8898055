"""Look up functions and fields by name.

Only the types along the path are decoded.

A field path has the form ``mm.pgd`` and may lead through structs, unions and typedefs. Members of
anonymous structs and unions count as members of the outer type, as in C. Paths do not follow
pointers, because reading through a pointer requires a separate instruction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.btf import types as t
from rawbpf.btf.sizes import MAX_DEPTH, bit_span, strip
from rawbpf.errors import FormatError
from rawbpf.uapi.btf import BTF_KIND_FUNC, BTF_KIND_STRUCT

if TYPE_CHECKING:
    from rawbpf.btf.btf import Btf

__all__ = ["Field", "find_field", "offset_of", "prototype"]


class Field(NamedTuple):
    """A field of a struct or union.

    ``bit_offset`` is relative to the outermost type; ``bit_size`` is 0 unless the field is a
    bit-field.
    """

    type_id: int
    bit_offset: int
    bit_size: int = 0


def prototype(btf: Btf, function: str) -> t.FuncProto | None:
    """Return the prototype of a function, or None if no function has this name.

    If several functions have this name, the first one is used, as in the kernel. Raises FormatError
    if the BTF is damaged.

    >>> from rawbpf.btf.btf import Btf
    >>> from rawbpf.btf.encode import BtfBuilder
    >>> builder = BtfBuilder()
    >>> number = builder.add(t.Int("int", 4, 32, 1))
    >>> proto = builder.add(t.FuncProto(number, (t.Param("fd", number),)))
    >>> _ = builder.add(t.Func("close", proto))
    >>> prototype(Btf.from_bytes(builder.encode()), "close").params
    (Param(name='fd', type_id=1),)
    """
    found = btf.find(function, BTF_KIND_FUNC)
    if not isinstance(found, t.Func):
        return None
    record = btf[found.type_id]
    if not isinstance(record, t.FuncProto):
        raise FormatError("damaged BTF", why=f"the type of {function} is not a function prototype")
    return record


def find_field(btf: Btf, type_id: int, path: str) -> Field | None:
    """Return the field at a path such as ``mm.pgd``, or None if the field does not exist.

    Raises FormatError if the BTF is damaged.

    >>> from rawbpf.btf.btf import Btf
    >>> from rawbpf.btf.encode import BtfBuilder
    >>> builder = BtfBuilder()
    >>> number = builder.add_int("int", 4, signed=True)
    >>> point = builder.add_struct("point", 8, [("x", number, 0), ("y", number, 32)])
    >>> line = builder.add_struct("line", 16, [("from", point, 0), ("to", point, 64)])
    >>> find_field(Btf.from_bytes(builder.encode()), line, "to.y")
    Field(type_id=1, bit_offset=96, bit_size=0)
    """
    place = Field(type_id, 0)
    for name in path.split("."):
        inner = _find_member(btf, place.type_id, name, set())
        if inner is None:
            return None
        place = inner._replace(bit_offset=place.bit_offset + inner.bit_offset)
    return place


def _find_member(
    btf: Btf, type_id: int, name: str, seen: set[int], depth: int = MAX_DEPTH
) -> Field | None:
    """Return a member by name.

    Each anonymous type is searched only once, however often it occurs.
    """
    own = strip(btf, type_id)
    record = btf[own]
    if own in seen or not depth or not name or not isinstance(record, t.Struct | t.Union):
        return None
    seen.add(own)
    for member in record.members:
        if member.name == name:
            return Field(member.type_id, *bit_span(btf, member))
        if not member.name:
            inner = _find_member(btf, member.type_id, name, seen, depth - 1)
            if inner is not None:
                return inner._replace(bit_offset=member.bit_offset + inner.bit_offset)
    return None


def offset_of(btf: Btf, struct: str, member: str) -> int:
    """Return the offset of a struct member in bytes.

    Raises FormatError if the struct or member does not exist.

    >>> from rawbpf.btf.btf import Btf
    >>> from rawbpf.btf.encode import BtfBuilder
    >>> builder = BtfBuilder()
    >>> number = builder.add_int("int", 4, signed=True)
    >>> point = builder.add_struct("point", 8, [("x", number, 0), ("y", number, 32)])
    >>> offset_of(Btf.from_bytes(builder.encode()), "point", "y")
    4
    """
    type_id = btf.find_id(struct, BTF_KIND_STRUCT)
    found = None if type_id is None else find_field(btf, type_id, member)
    if found is None:
        raise FormatError(f"struct {struct} in the BTF has no member {member}")
    return found.bit_offset // 8
