"""Build BTF: add records, get their IDs, and encode the blob.

Each distinct name is stored only once. An ID may be used before its type is added, which is
necessary for structs that contain pointers to themselves. The encoder only checks that numbers fit
into their fields.
"""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING, Any

from rawbpf.btf import types as t
from rawbpf.btf.header import encode_header
from rawbpf.btf.strings import StringTable
from rawbpf.errors import FormatError
from rawbpf.uapi import btf as uapi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rawbpf.btf.btf import Btf

    Name = Callable[[str], int]

__all__ = ["BtfBuilder"]


class BtfBuilder:
    """Collects types, and assigns consecutive IDs to them.

    With ``base``, the result is split BTF on top of another blob. ``names`` is an existing string
    section to extend, so that types that refer to the section can be copied unchanged. The
    attribute ``strings`` is shared with the .BTF.ext encoder, whose records refer to files, source
    lines and access strings in the same section.

    >>> btf = BtfBuilder()
    >>> int_id = btf.add_int("int", 4, signed=True)
    >>> event = btf.add_struct("event", 8, [("pid", int_id, 0), ("cpu", int_id, 32)])
    >>> proto = btf.add_func_proto(int_id, [("ctx", btf.add_ptr(0))])
    >>> btf.add_func("hello", proto, uapi.BTF_FUNC_GLOBAL), len(btf.encode())
    (5, 149)
    """

    def __init__(self, base: Btf | None = None, order: str = "<", names: bytes = b"") -> None:
        self.order = order
        self.strings = StringTable(0 if base is None else base.strings.end, names)
        self.next_id = 1 if base is None else len(base)
        self._words: array[int] = array("I")

    def add(self, record: t.Type) -> int:
        """Append a record and return its ID; raise FormatError if a number overflows its field."""
        encoder = _ENCODERS.get(type(record))
        if encoder is None:
            raise FormatError(f"{type(record).__name__} cannot be encoded as a BTF type")
        try:
            self._words.extend(array("I", encoder(record, self.strings.add)))
        except OverflowError:
            raise FormatError(f"a number is too large for its field in {record!r}") from None
        self.next_id += 1
        return self.next_id - 1

    def copy(self, words: memoryview[int], count: int) -> None:
        """Append the words of ``count`` types that refer to the existing string section."""
        self._words.frombytes(words.tobytes())
        self.next_id += count

    def add_int(self, name: str, size: int, *, signed: bool = False, encoding: int = 0) -> int:
        """Add an integer of ``size`` bytes; ``encoding`` may be BTF_INT_CHAR or BTF_INT_BOOL."""
        sign = uapi.BTF_INT_SIGNED if signed else 0
        return self.add(t.Int(name, size, size * 8, encoding | sign))

    def add_ptr(self, type_id: int) -> int:
        """Add a pointer to a type, where a type ID of 0 means ``void *``."""
        return self.add(t.Ptr(type_id))

    def add_array(self, type_id: int, length: int, index_type_id: int) -> int:
        """Add an array; the kernel requires the index type to be an integer."""
        return self.add(t.Array(type_id, index_type_id, length))

    def add_struct(self, name: str, size: int, members: Iterable[tuple[str, int, int]]) -> int:
        """Add a struct whose members are given as ``(name, type ID, offset in bits)``.

        Structs with bit-fields can be added with ``add``.
        """
        return self.add(t.Struct(name, size, tuple(t.Member(*member) for member in members)))

    def add_func_proto(self, returns: int, params: Iterable[tuple[str, int]] = ()) -> int:
        """Add a prototype; parameters are ``(name, type ID)``, and ``returns`` is 0 for void."""
        return self.add(t.FuncProto(returns, tuple(t.Param(*param) for param in params)))

    def add_func(self, name: str, proto: int, linkage: int = uapi.BTF_FUNC_STATIC) -> int:
        """Add a function with the given prototype.

        Kernels before 5.6 reject all linkages except static.
        """
        return self.add(t.Func(name, proto, linkage))

    def add_var(self, name: str, type_id: int, linkage: int = 1) -> int:
        """Add a variable, which is global by default."""
        return self.add(t.Var(name, type_id, linkage))

    def add_datasec(self, name: str, size: int, variables: Iterable[tuple[int, int, int]]) -> int:
        """Add a section whose variables are ``(ID, offset, size)`` in bytes, sorted by offset."""
        return self.add(t.DataSec(name, size, tuple(t.SecVar(*var) for var in variables)))

    def encode(self) -> bytes:
        """Encode the blob, which consists of a header, the types and the strings."""
        words = self._words[:]
        if self.order != ("<" if sys.byteorder == "little" else ">"):
            words.byteswap()
        body, strings = words.tobytes(), self.strings.encode()
        return encode_header(self.order, len(body), len(strings)) + body + strings


def _info(kind: int, vlen: int = 0, kind_flag: bool = False) -> int:
    return kind_flag << 31 | kind << 24 | _fit(vlen, 24)


def _fit(value: int, bits: int, *, signed: bool = False) -> int:
    """Return the value after checking that it is an unsigned number of at most ``bits`` bits.

    Raises OverflowError if the value does not fit.
    """
    low, high = (-1 << (bits - 1), 1 << (bits - 1)) if signed else (0, 1 << bits)
    if not low <= value < high:
        raise OverflowError
    return value & ((1 << bits) - 1)


def _int(r: t.Int, name: Name) -> list[int]:
    data = _fit(r.encoding, 4) << 24 | _fit(r.offset, 8) << 16 | _fit(r.bits, 8)
    return [name(r.name), _info(r.kind), r.size, data]


def _reference(r: t.Ptr | t.Const | t.Volatile | t.Restrict, _name: Name) -> list[int]:
    return [0, _info(r.kind), r.type_id]


def _array(r: t.Array, _name: Name) -> list[int]:
    return [0, _info(r.kind), 0, r.type_id, r.index_type_id, r.length]


def _composite(r: t.Struct | t.Union, name: Name) -> list[int]:
    words = [name(r.name), _info(r.kind, len(r.members), r.kind_flag), r.size]
    for m in r.members:
        if r.kind_flag:
            offset = _fit(m.bit_size, 8) << 24 | _fit(m.bit_offset, 24)
        elif m.bit_size:
            raise FormatError(f"the bitfield {m.name!r} requires a struct with kind_flag")
        else:
            offset = m.bit_offset
        words += (name(m.name), m.type_id, offset)
    return words


def _enum(r: t.Enum, name: Name) -> list[int]:
    words = [name(r.name), _info(r.kind, len(r.values), r.signed), r.size]
    for e in r.values:
        words += (name(e.name), _fit(e.value, 32, signed=r.signed))
    return words


def _enum64(r: t.Enum64, name: Name) -> list[int]:
    words = [name(r.name), _info(r.kind, len(r.values), r.signed), r.size]
    for e in r.values:
        value = _fit(e.value, 64, signed=r.signed)
        words += (name(e.name), value & 0xFFFFFFFF, value >> 32)
    return words


def _func_proto(r: t.FuncProto, name: Name) -> list[int]:
    words = [0, _info(r.kind, len(r.params)), r.type_id]
    for p in r.params:
        words += (name(p.name), p.type_id)
    return words


def _datasec(r: t.DataSec, name: Name) -> list[int]:
    words = [name(r.name), _info(r.kind, len(r.variables)), r.size]
    for v in r.variables:
        words += v
    return words


def _decl_tag(r: t.DeclTag, name: Name) -> list[int]:
    info = _info(r.kind, 0, r.is_attribute)
    return [name(r.name), info, r.type_id, _fit(r.component, 32, signed=True)]


# Any is used because each function accepts only the record type that is its key.
_ENCODERS: dict[type, Callable[[Any, Name], list[int]]] = {
    t.Int: _int,
    t.Ptr: _reference,
    t.Array: _array,
    t.Struct: _composite,
    t.Union: _composite,
    t.Enum: _enum,
    t.Fwd: lambda r, name: [name(r.name), _info(r.kind, 0, r.is_union), 0],
    t.Typedef: lambda r, name: [name(r.name), _info(r.kind), r.type_id],
    t.Volatile: _reference,
    t.Const: _reference,
    t.Restrict: _reference,
    t.Func: lambda r, name: [name(r.name), _info(r.kind, r.linkage), r.type_id],
    t.FuncProto: _func_proto,
    t.Var: lambda r, name: [name(r.name), _info(r.kind), r.type_id, r.linkage],
    t.DataSec: _datasec,
    t.Float: lambda r, name: [name(r.name), _info(r.kind), r.size],
    t.DeclTag: _decl_tag,
    t.TypeTag: lambda r, name: [name(r.name), _info(r.kind, 0, r.is_attribute), r.type_id],
    t.Enum64: _enum64,
}
