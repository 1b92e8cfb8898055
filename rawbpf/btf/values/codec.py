"""Build the codec for the values of a BTF type.

A type's codec is built once and shared by all types that contain the type. Reading a value takes
one step for each of its leaves. Malicious BTF can describe a value with a huge number of leaves in
few bytes (unions of unions of ...), so leaves are counted before a value is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawbpf.btf import types as t
from rawbpf.btf.sizes import MAX_DEPTH, bit_span, size_of, strip
from rawbpf.btf.values.composites import Field, Fields, Items
from rawbpf.btf.values.scalars import (
    Bits,
    Bool,
    Codec,
    Enumerated,
    Number,
    Octets,
    Pointer,
    Real,
    Text,
)
from rawbpf.errors import FormatError
from rawbpf.uapi.btf import BTF_INT_BOOL, BTF_INT_CHAR, BTF_INT_SIGNED

if TYPE_CHECKING:
    from rawbpf.btf.btf import Btf
    from rawbpf.btf.values.scalars import ByteOrder

__all__ = ["ValueCodec", "codec"]

_MOST_LEAVES = 1 << 20
_LARGEST = 1 << 30
_LONGEST_NUMBER = 16


class ValueCodec:
    """Decodes and encodes values of one type.

    >>> from rawbpf.btf.btf import Btf
    >>> from rawbpf.btf.encode import BtfBuilder
    >>> b = BtfBuilder()
    >>> u32, char = b.add_int("unsigned int", 4), b.add_int("char", 1, signed=True)
    >>> members = [("pid", u32, 0), ("comm", b.add_array(char, 8, u32), 32)]
    >>> event_id = b.add_struct("event", 12, members)
    >>> event = codec(Btf(b.encode()), event_id)
    >>> event.encode({"pid": 7, "comm": "init"}).hex(" ", 4)
    '07000000 696e6974 00000000'
    >>> event.decode(bytes.fromhex("07000000 696e6974 00000000"))
    {'pid': 7, 'comm': b'init'}
    """

    def __init__(self, inner: Codec, leaves: int = 1) -> None:
        self.inner = inner
        self.size = inner.size
        self.leaves = leaves
        """The number of leaves (numbers and strings) in a value, which determines how long reading
        it takes."""

    def decode(self, data: bytes) -> Any:  # noqa: ANN401 -- whatever the type's values are
        """Decode a value, ignoring extra bytes; raise FormatError if bytes are missing."""
        if len(data) < self.size:
            raise FormatError(
                "truncated value", why=f"only {len(data)} of {self.size} bytes are present"
            )
        return self.inner.get(data, 0)

    def encode(self, value: Any, name: str = "") -> bytes:  # noqa: ANN401 -- checked below
        """Encode a value.

        Encode a value; raise a UsageError whose message starts with ``name`` if the value is
        invalid.
        """
        buffer = bytearray(self.size)
        self.inner.put(buffer, 0, value, name)
        return bytes(buffer)


def codec(btf: Btf, type_id: int) -> ValueCodec:
    """Return the codec for a type, such as an integer, a struct or a section of variables.

    Raises FormatError if the BTF is damaged or if the type has no values, as is the case for
    functions.
    """
    compiler = _Compiler(btf)
    inner, leaves = compiler.compile(type_id, 0)
    if leaves > _MOST_LEAVES or inner.size > _LARGEST:
        raise FormatError(
            f"BTF type {type_id} is too large to read",
            why=f"its {inner.size} bytes contain {leaves} numbers",
        )
    return ValueCodec(inner, leaves)


class _Compiler:
    """Builds codecs by type ID, and counts the leaves of each type."""

    def __init__(self, btf: Btf) -> None:
        self._btf = btf
        self._order: ByteOrder = "little" if btf.order == "<" else "big"
        self._known: dict[int, tuple[Codec, int]] = {}

    def compile(self, type_id: int, depth: int) -> tuple[Codec, int]:
        type_id = strip(self._btf, type_id)
        known = self._known.get(type_id)
        if known is None:
            if depth > MAX_DEPTH:
                raise FormatError(
                    "circular BTF", why=f"type {type_id} is nested {depth} levels deep"
                )
            known = self._known[type_id] = self._new(type_id, depth + 1)
        return known

    def _new(self, type_id: int, depth: int) -> tuple[Codec, int]:
        record = self._btf[type_id]
        if isinstance(record, t.Array):
            return self._array(record, depth)
        if isinstance(record, t.Struct | t.Union):
            return self._composite(record, depth)
        if isinstance(record, t.DataSec):
            return self._section(record, depth)
        if isinstance(record, t.Var):
            return self.compile(record.type_id, depth)
        return self._scalar(type_id, record), 1

    def _scalar(self, type_id: int, record: t.Type) -> Codec:
        size = size_of(self._btf, type_id)
        if not 0 < size <= _LONGEST_NUMBER:
            raise FormatError(f"BTF type {type_id} is a number of unsupported size ({size} bytes)")
        if isinstance(record, t.Int):
            if record.encoding == BTF_INT_BOOL and size == 1:
                return Bool()
            return Number(size, self._order, signed=bool(record.encoding & BTF_INT_SIGNED))
        if isinstance(record, t.Enum | t.Enum64):
            names = dict(record.values)
            return Enumerated(size, self._order, signed=record.signed, names=names)
        if isinstance(record, t.Float):
            return Real(size, self._order) if Real.takes(size) else Octets(size)
        return Pointer(self._order)

    def _array(self, record: t.Array, depth: int) -> tuple[Codec, int]:
        item, leaves = self.compile(record.type_id, depth)
        element = self._btf[strip(self._btf, record.type_id)]
        if isinstance(element, t.Int) and element.size == 1 and element.encoding != BTF_INT_BOOL:
            # clang emits BPF's char as signed, whereas the kernel's BTF may mark it as CHAR.
            is_char = element.name == "char" or element.encoding & BTF_INT_CHAR
            return (Text if is_char else Octets)(record.length), 1
        return Items(item, record.length), leaves * record.length + 1

    def _composite(self, record: t.Struct | t.Union, depth: int) -> tuple[Codec, int]:
        fields, total = [], 1
        for member in record.members:
            inner, leaves = self.compile(member.type_id, depth)
            fields.append(self._field(record, member, inner))
            total += leaves
        return Fields(record.size, fields), total

    def _field(self, record: t.Struct | t.Union, member: t.Member, inner: Codec) -> Field:
        offset, bits = bit_span(self._btf, member)
        first, skipped = divmod(offset, 8)
        end = (offset + bits + 7) // 8 if bits else first + inner.size
        if end > record.size or (skipped and not bits):
            raise FormatError(f"the member {member.name!r} is not inside {record.name!r}")
        if not bits:
            return Field(member.name, first, inner)
        if not isinstance(inner, Number | Bool):
            raise FormatError(f"the type of the bitfield {member.name!r} is not an integer")
        size = end - first
        # Big-endian machines number bits from the most significant bit.
        shift = skipped if self._order == "little" else 8 * size - skipped - bits
        signed = isinstance(inner, Number) and inner.signed
        number = Number(size, self._order, signed=signed, bits=bits)
        return Field(member.name, first, Bits(number, size, shift, bits, self._order))

    def _section(self, record: t.DataSec, depth: int) -> tuple[Codec, int]:
        fields, total = [], 1
        for place in record.variables:
            variable = self._btf[place.type_id]
            if isinstance(variable, t.Var):  # a section of externs also contains functions
                inner, leaves = self.compile(place.type_id, depth)
                if place.offset + inner.size > record.size:
                    raise FormatError(f"{variable.name!r} is not inside {record.name!r}")
                fields.append(Field(variable.name, place.offset, inner))
                total += leaves
        return Fields(record.size, fields), total
