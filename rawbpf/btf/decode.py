"""Decoding: from the words of a type to its record.

``words`` is the whole type section as 32-bit integers in the machine's byte order, ``at`` is the
index of the type's btf_type. IDs are not checked here, but when they are followed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.btf import types as t
from rawbpf.errors import FormatError
from rawbpf.uapi import btf as uapi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rawbpf.btf.strings import Strings

__all__ = ["decode_type", "length_of"]


def length_of(info: int, layout: Mapping[int, tuple[int, int]]) -> int:
    """Return the length in words of a type with this ``info``.

    ``layout``: for unknown kinds, the number of words after btf_type and of each element.

    >>> length_of(2 << 24, {}), length_of(4 << 24 | 10, {})
    (3, 33)
    """
    kind, vlen = info >> 24 & uapi.BTF_MAX_KIND, info & uapi.BTF_MAX_VLEN
    known = uapi.KINDS.get(kind)
    if known is not None:
        fixed, each = known.info_words, known.element_words
    elif kind in layout:
        fixed, each = layout[kind]
    else:
        raise FormatError(f"a BTF type of the unknown kind {kind}")
    return 3 + fixed + each * vlen


def decode_type(words: memoryview[int], at: int, end: int, strings: Strings) -> t.Type:
    """Return the record of the type whose words are ``words[at:end]``."""
    kind = words[at + 1] >> 24 & uapi.BTF_MAX_KIND
    reference = _REFERENCES.get(kind)
    if reference is not None:
        return reference(words[at + 2])
    decoder = _DECODERS.get(kind)
    if decoder is not None:
        return decoder(words, at, strings)
    name, info, size_or_type = words[at : at + 3]
    return t.Unknown(strings.at(name), info, size_or_type, tuple(words[at + 3 : end]))


_REFERENCES: dict[int, Callable[[int], t.Type]] = {
    uapi.BTF_KIND_PTR: t.Ptr,
    uapi.BTF_KIND_VOLATILE: t.Volatile,
    uapi.BTF_KIND_CONST: t.Const,
    uapi.BTF_KIND_RESTRICT: t.Restrict,
}
"""Kinds that consist of a type ID only."""


def _name(words: memoryview[int], at: int, strings: Strings) -> str:
    return strings.at(words[at])


def _vlen(words: memoryview[int], at: int) -> int:
    return words[at + 1] & uapi.BTF_MAX_VLEN


def _kind_flag(words: memoryview[int], at: int) -> bool:
    return words[at + 1] >> 31 == 1


def _elements(words: memoryview[int], at: int, width: int) -> Iterator[tuple[int, ...]]:
    """Iterate over the words of each element, for kinds without other words before them."""
    start = at + 3
    end = start + width * _vlen(words, at)
    return zip(*(words[start + i : end : width] for i in range(width)), strict=True)


def _signed(word: int, bits: int = 32) -> int:
    return word - (1 << bits) if word >> (bits - 1) else word


def _int(words: memoryview[int], at: int, strings: Strings) -> t.Int:
    data = words[at + 3]
    return t.Int(
        _name(words, at, strings),
        words[at + 2],
        bits=data & 0xFF,
        encoding=data >> 24 & 0xF,
        offset=data >> 16 & 0xFF,
    )


def _array(words: memoryview[int], at: int, _strings: Strings) -> t.Array:
    return t.Array(words[at + 3], words[at + 4], words[at + 5])


def _members(words: memoryview[int], at: int, strings: Strings) -> tuple[t.Member, ...]:
    rows = _elements(words, at, 3)
    name = strings.at
    if _kind_flag(words, at):
        return tuple(
            [t.Member(name(n), type_id, off & 0xFFFFFF, off >> 24) for n, type_id, off in rows]
        )
    return tuple([t.Member(name(n), type_id, off) for n, type_id, off in rows])


def _struct(words: memoryview[int], at: int, strings: Strings) -> t.Struct:
    members = _members(words, at, strings)
    return t.Struct(_name(words, at, strings), words[at + 2], members, _kind_flag(words, at))


def _union(words: memoryview[int], at: int, strings: Strings) -> t.Union:
    members = _members(words, at, strings)
    return t.Union(_name(words, at, strings), words[at + 2], members, _kind_flag(words, at))


def _enum(words: memoryview[int], at: int, strings: Strings) -> t.Enum:
    signed = _kind_flag(words, at)
    rows = _elements(words, at, 2)
    values = tuple(
        [t.Enumerator(strings.at(n), _signed(value) if signed else value) for n, value in rows]
    )
    return t.Enum(_name(words, at, strings), words[at + 2], values, signed)


def _enum64(words: memoryview[int], at: int, strings: Strings) -> t.Enum64:
    signed = _kind_flag(words, at)
    values = []
    for n, low, high in _elements(words, at, 3):
        value = high << 32 | low
        values.append(t.Enumerator(strings.at(n), _signed(value, 64) if signed else value))
    return t.Enum64(_name(words, at, strings), words[at + 2], tuple(values), signed)


def _fwd(words: memoryview[int], at: int, strings: Strings) -> t.Fwd:
    return t.Fwd(_name(words, at, strings), _kind_flag(words, at))


def _typedef(words: memoryview[int], at: int, strings: Strings) -> t.Typedef:
    return t.Typedef(_name(words, at, strings), words[at + 2])


def _func(words: memoryview[int], at: int, strings: Strings) -> t.Func:
    return t.Func(_name(words, at, strings), words[at + 2], _vlen(words, at))


def _func_proto(words: memoryview[int], at: int, strings: Strings) -> t.FuncProto:
    rows = _elements(words, at, 2)
    return t.FuncProto(words[at + 2], tuple([t.Param(strings.at(n), i) for n, i in rows]))


def _var(words: memoryview[int], at: int, strings: Strings) -> t.Var:
    return t.Var(_name(words, at, strings), words[at + 2], words[at + 3])


def _datasec(words: memoryview[int], at: int, strings: Strings) -> t.DataSec:
    rows = _elements(words, at, 3)
    variables = tuple([t.SecVar(*row) for row in rows])
    return t.DataSec(_name(words, at, strings), words[at + 2], variables)


def _float(words: memoryview[int], at: int, strings: Strings) -> t.Float:
    return t.Float(_name(words, at, strings), words[at + 2])


def _decl_tag(words: memoryview[int], at: int, strings: Strings) -> t.DeclTag:
    component = _signed(words[at + 3])
    name = _name(words, at, strings)
    return t.DeclTag(name, words[at + 2], component, _kind_flag(words, at))


def _type_tag(words: memoryview[int], at: int, strings: Strings) -> t.TypeTag:
    return t.TypeTag(_name(words, at, strings), words[at + 2], _kind_flag(words, at))


_DECODERS: dict[int, Callable[[memoryview[int], int, Strings], t.Type]] = {
    uapi.BTF_KIND_INT: _int,
    uapi.BTF_KIND_ARRAY: _array,
    uapi.BTF_KIND_STRUCT: _struct,
    uapi.BTF_KIND_UNION: _union,
    uapi.BTF_KIND_ENUM: _enum,
    uapi.BTF_KIND_FWD: _fwd,
    uapi.BTF_KIND_TYPEDEF: _typedef,
    uapi.BTF_KIND_FUNC: _func,
    uapi.BTF_KIND_FUNC_PROTO: _func_proto,
    uapi.BTF_KIND_VAR: _var,
    uapi.BTF_KIND_DATASEC: _datasec,
    uapi.BTF_KIND_FLOAT: _float,
    uapi.BTF_KIND_DECL_TAG: _decl_tag,
    uapi.BTF_KIND_TYPE_TAG: _type_tag,
    uapi.BTF_KIND_ENUM64: _enum64,
}
