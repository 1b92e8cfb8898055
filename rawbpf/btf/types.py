"""BTF records, with one class for each kind of type.

Types refer to each other by ID; ID 0 is void. An anonymous type's name is "". Records compare by
value. ``kind`` is a field, so that ``Const(5)`` differs from ``Volatile(5)``, but it should not be
set.

>>> Member("pid", 7, bit_offset=9_984)
Member(name='pid', type_id=7, bit_offset=9984, bit_size=0)
>>> Const(5) == Volatile(5)
False
"""

from __future__ import annotations

from typing import NamedTuple

from rawbpf.uapi import btf as uapi

__all__ = [
    "VOID",
    "Array",
    "Const",
    "DataSec",
    "DeclTag",
    "Enum",
    "Enum64",
    "Enumerator",
    "Float",
    "Func",
    "FuncProto",
    "Fwd",
    "Int",
    "Member",
    "Param",
    "Ptr",
    "Restrict",
    "SecVar",
    "Struct",
    "Type",
    "TypeTag",
    "Typedef",
    "Union",
    "Unknown",
    "Var",
    "Void",
    "Volatile",
]


class Void(NamedTuple):
    """The type void, with ID 0. Every BTF blob contains void, although void is not encoded."""

    kind: int = uapi.BTF_KIND_UNKN


VOID = Void()


class Int(NamedTuple):
    """An integer with ``bits`` bits in ``size`` bytes.

    ``encoding`` is a combination of BTF_INT_* flags.

    Before kind_flag (5.0), a bit-field was an integer with fewer bits at a bit ``offset``.
    """

    name: str
    size: int
    bits: int
    encoding: int = 0
    offset: int = 0
    kind: int = uapi.BTF_KIND_INT


class Ptr(NamedTuple):
    """A pointer to the type ``type_id``."""

    type_id: int
    kind: int = uapi.BTF_KIND_PTR


class Array(NamedTuple):
    """An array of ``length`` elements of type ``type_id``; the type of its index has no effect."""

    type_id: int
    index_type_id: int
    length: int
    kind: int = uapi.BTF_KIND_ARRAY


class Member(NamedTuple):
    """A member of a struct or union; ``bit_size`` is 0 unless the member is a bit-field."""

    name: str
    type_id: int
    bit_offset: int
    bit_size: int = 0


class Struct(NamedTuple):
    """A struct of ``size`` bytes; with ``kind_flag``, members can have a bit size."""

    name: str
    size: int
    members: tuple[Member, ...]
    kind_flag: bool = False
    kind: int = uapi.BTF_KIND_STRUCT


class Union(NamedTuple):
    """A union, which has the same fields as a struct."""

    name: str
    size: int
    members: tuple[Member, ...]
    kind_flag: bool = False
    kind: int = uapi.BTF_KIND_UNION


class Enumerator(NamedTuple):
    """An enumerator, which is a named constant of an enum."""

    name: str
    value: int


class Enum(NamedTuple):
    """An enum with values of at most 32 bits; ``signed`` is the type's kind_flag (6.0.

    Always false before).
    """

    name: str
    size: int
    values: tuple[Enumerator, ...]
    signed: bool = False
    kind: int = uapi.BTF_KIND_ENUM


class Enum64(NamedTuple):
    """An enum with 64-bit values."""

    name: str
    size: int
    values: tuple[Enumerator, ...]
    signed: bool = False
    kind: int = uapi.BTF_KIND_ENUM64


class Fwd(NamedTuple):
    """A struct or union that is declared but not defined."""

    name: str
    is_union: bool = False
    kind: int = uapi.BTF_KIND_FWD


class Typedef(NamedTuple):
    """A typedef, which is another name for ``type_id``."""

    name: str
    type_id: int
    kind: int = uapi.BTF_KIND_TYPEDEF


class Volatile(NamedTuple):
    """``volatile`` before ``type_id``."""

    type_id: int
    kind: int = uapi.BTF_KIND_VOLATILE


class Const(NamedTuple):
    """``const`` before ``type_id``."""

    type_id: int
    kind: int = uapi.BTF_KIND_CONST


class Restrict(NamedTuple):
    """``restrict`` before ``type_id``."""

    type_id: int
    kind: int = uapi.BTF_KIND_RESTRICT


class Func(NamedTuple):
    """A function.

    ``type_id`` is the function's prototype, and ``linkage`` is a BTF_FUNC_* constant.
    """

    name: str
    type_id: int
    linkage: int = uapi.BTF_FUNC_STATIC
    kind: int = uapi.BTF_KIND_FUNC


class Param(NamedTuple):
    """A parameter. The last parameter represents ``...`` if it has neither a name nor a type."""

    name: str
    type_id: int


class FuncProto(NamedTuple):
    """A function prototype; ``type_id`` is the return type."""

    type_id: int
    params: tuple[Param, ...] = ()
    kind: int = uapi.BTF_KIND_FUNC_PROTO


class Var(NamedTuple):
    """A variable; ``linkage`` is a BTF_VAR_* constant."""

    name: str
    type_id: int
    linkage: int = uapi.BTF_VAR_GLOBAL_ALLOCATED
    kind: int = uapi.BTF_KIND_VAR


class SecVar(NamedTuple):
    """The byte range that a variable or extern function occupies in its section."""

    type_id: int
    offset: int
    size: int


class DataSec(NamedTuple):
    """An ELF section and its variables.

    Compilers leave sizes and offsets for the linker to fill in.
    """

    name: str
    size: int
    variables: tuple[SecVar, ...]
    kind: int = uapi.BTF_KIND_DATASEC


class Float(NamedTuple):
    """A floating-point number of ``size`` bytes."""

    name: str
    size: int
    kind: int = uapi.BTF_KIND_FLOAT


class DeclTag(NamedTuple):
    """``btf_decl_tag(name)`` on ``type_id`` (component -1) or on one of its members or parameters.

    With ``is_attribute`` (kind_flag, 6.15), ``name`` is the text of an arbitrary ``__attribute__``.
    """

    name: str
    type_id: int
    component: int = -1
    is_attribute: bool = False
    kind: int = uapi.BTF_KIND_DECL_TAG


class TypeTag(NamedTuple):
    """``btf_type_tag(name)`` on a pointed-to type, such as ``user``; see also DeclTag."""

    name: str
    type_id: int
    is_attribute: bool = False
    kind: int = uapi.BTF_KIND_TYPE_TAG


class Unknown(NamedTuple):
    """A type of a kind newer than this code.

    The layout section allows readers to skip such a type; its words are preserved.
    """

    name: str
    info: int
    size_or_type: int
    words: tuple[int, ...]
    kind: int = uapi.BTF_KIND_UNKN


Type = (
    Void
    | Int
    | Ptr
    | Array
    | Struct
    | Union
    | Enum
    | Enum64
    | Fwd
    | Typedef
    | Volatile
    | Const
    | Restrict
    | Func
    | FuncProto
    | Var
    | DataSec
    | Float
    | DeclTag
    | TypeTag
    | Unknown
)
