"""Decode the words of a type into a record.

``words`` is all or part of the type section, as 32-bit integers in native byte order. ``at`` is the
index of the type's btf_type. Type IDs are not checked when a type is decoded, but when they are
followed.

The kernel's BTF has 300,000 types, members, values and parameters. Decoding an element of a type
therefore calls no Python function: slices separate the columns of the rows, and tuples become
records without passing through the constructor of a NamedTuple, which takes twice as long.
"""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any

from rawbpf.btf import types as t
from rawbpf.errors import FormatError
from rawbpf.uapi import btf as uapi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Words = memoryview[int] | list[int]
    Name = Callable[[int], str]
    """A function that returns the name at an offset, as ``Strings.at`` does."""

__all__ = ["decode_type", "length_of"]


def length_of(info: int, layout: Mapping[int, tuple[int, int]]) -> int:
    """Return the length in words of a type whose second word is ``info``.

    For unknown kinds, ``layout`` specifies how many words follow btf_type and how many each element
    has.

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
        raise FormatError(f"unknown BTF kind {kind}")
    return 3 + fixed + each * vlen


def decode_type(words: Words, at: int, end: int, name: Name) -> t.Type:
    """Decode the type in ``words[at:end]``."""
    decoder = _DECODERS.get(words[at + 1] >> 24 & uapi.BTF_MAX_KIND)
    if decoder is not None:
        return decoder(words, at, name)
    name_off, info, size_or_type = words[at : at + 3]
    return t.Unknown(name(name_off), info, size_or_type, tuple(words[at + 3 : end]))


def _elements(words: Words, at: int, width: int) -> Words:
    """Return the words of all elements of a type that has no other data after btf_type."""
    return words[at + 3 : at + 3 + width * (words[at + 1] & uapi.BTF_MAX_VLEN)]


_record: Callable[..., Any] = tuple.__new__


def _kind_flag(words: Words, at: int) -> bool:
    return words[at + 1] >> 31 == 1


def _signed(word: int, bits: int = 32) -> int:
    return word - (1 << bits) if word >> (bits - 1) else word


def _ptr(words: Words, at: int, _name: Name) -> t.Ptr:
    return t.Ptr(words[at + 2])


def _volatile(words: Words, at: int, _name: Name) -> t.Volatile:
    return t.Volatile(words[at + 2])


def _const(words: Words, at: int, _name: Name) -> t.Const:
    return t.Const(words[at + 2])


def _restrict(words: Words, at: int, _name: Name) -> t.Restrict:
    return t.Restrict(words[at + 2])


def _int(words: Words, at: int, name: Name) -> t.Int:
    data = words[at + 3]
    return t.Int(
        name(words[at]),
        words[at + 2],
        bits=data & 0xFF,
        encoding=data >> 24 & 0xF,
        offset=data >> 16 & 0xFF,
    )


def _array(words: Words, at: int, _name: Name) -> t.Array:
    return t.Array(words[at + 3], words[at + 4], words[at + 5])


def _members(words: Words, at: int, name: Name) -> tuple[t.Member, ...]:
    rows = _elements(words, at, 3)
    offsets: Iterable[int] = rows[2::3]
    sizes: Iterable[int] = repeat(0)
    if _kind_flag(words, at):
        sizes = [offset >> 24 for offset in offsets]
        offsets = [offset & 0xFFFFFF for offset in offsets]
    fields = zip(map(name, rows[::3]), rows[1::3], offsets, sizes, strict=False)
    return tuple(map(_record, repeat(t.Member), fields))


def _struct(words: Words, at: int, name: Name) -> t.Struct:
    members = _members(words, at, name)
    return t.Struct(name(words[at]), words[at + 2], members, _kind_flag(words, at))


def _union(words: Words, at: int, name: Name) -> t.Union:
    members = _members(words, at, name)
    return t.Union(name(words[at]), words[at + 2], members, _kind_flag(words, at))


def _enum(words: Words, at: int, name: Name) -> t.Enum:
    rows = _elements(words, at, 2)
    values: Iterable[int] = rows[1::2]
    signed = _kind_flag(words, at)
    if signed:
        values = [_signed(value) for value in values]
    enumerators = map(_record, repeat(t.Enumerator), zip(map(name, rows[::2]), values, strict=True))
    return t.Enum(name(words[at]), words[at + 2], tuple(enumerators), signed)


def _enum64(words: Words, at: int, name: Name) -> t.Enum64:
    rows = _elements(words, at, 3)
    signed = _kind_flag(words, at)
    values = [high << 32 | low for low, high in zip(rows[1::3], rows[2::3], strict=True)]
    if signed:
        values = [_signed(value, 64) for value in values]
    enumerators = map(_record, repeat(t.Enumerator), zip(map(name, rows[::3]), values, strict=True))
    return t.Enum64(name(words[at]), words[at + 2], tuple(enumerators), signed)


def _fwd(words: Words, at: int, name: Name) -> t.Fwd:
    return t.Fwd(name(words[at]), _kind_flag(words, at))


def _typedef(words: Words, at: int, name: Name) -> t.Typedef:
    return t.Typedef(name(words[at]), words[at + 2])


def _func(words: Words, at: int, name: Name) -> t.Func:
    return t.Func(name(words[at]), words[at + 2], words[at + 1] & uapi.BTF_MAX_VLEN)


def _func_proto(words: Words, at: int, name: Name) -> t.FuncProto:
    rows = _elements(words, at, 2)
    params = map(_record, repeat(t.Param), zip(map(name, rows[::2]), rows[1::2], strict=True))
    return t.FuncProto(words[at + 2], tuple(params))


def _var(words: Words, at: int, name: Name) -> t.Var:
    return t.Var(name(words[at]), words[at + 2], words[at + 3])


def _datasec(words: Words, at: int, name: Name) -> t.DataSec:
    rows = _elements(words, at, 3)
    variables = map(_record, repeat(t.SecVar), zip(rows[::3], rows[1::3], rows[2::3], strict=True))
    return t.DataSec(name(words[at]), words[at + 2], tuple(variables))


def _float(words: Words, at: int, name: Name) -> t.Float:
    return t.Float(name(words[at]), words[at + 2])


def _decl_tag(words: Words, at: int, name: Name) -> t.DeclTag:
    component = _signed(words[at + 3])
    return t.DeclTag(name(words[at]), words[at + 2], component, _kind_flag(words, at))


def _type_tag(words: Words, at: int, name: Name) -> t.TypeTag:
    return t.TypeTag(name(words[at]), words[at + 2], _kind_flag(words, at))


_DECODERS: dict[int, Callable[[Words, int, Name], t.Type]] = {
    uapi.BTF_KIND_INT: _int,
    uapi.BTF_KIND_PTR: _ptr,
    uapi.BTF_KIND_ARRAY: _array,
    uapi.BTF_KIND_STRUCT: _struct,
    uapi.BTF_KIND_UNION: _union,
    uapi.BTF_KIND_ENUM: _enum,
    uapi.BTF_KIND_FWD: _fwd,
    uapi.BTF_KIND_TYPEDEF: _typedef,
    uapi.BTF_KIND_VOLATILE: _volatile,
    uapi.BTF_KIND_CONST: _const,
    uapi.BTF_KIND_RESTRICT: _restrict,
    uapi.BTF_KIND_FUNC: _func,
    uapi.BTF_KIND_FUNC_PROTO: _func_proto,
    uapi.BTF_KIND_VAR: _var,
    uapi.BTF_KIND_DATASEC: _datasec,
    uapi.BTF_KIND_FLOAT: _float,
    uapi.BTF_KIND_DECL_TAG: _decl_tag,
    uapi.BTF_KIND_TYPE_TAG: _type_tag,
    uapi.BTF_KIND_ENUM64: _enum64,
}
