"""The BPF Type Format (BTF), which describes the types of the kernel and of BPF programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.front_door import front_door

if TYPE_CHECKING:
    from rawbpf.btf.btf import Btf
    from rawbpf.btf.ctext.declare import declaration
    from rawbpf.btf.ctext.header import c_header
    from rawbpf.btf.describe import fields
    from rawbpf.btf.encode import BtfBuilder
    from rawbpf.btf.lookup import Field, find_field, prototype
    from rawbpf.btf.sizes import align_of, resolve, size_of
    from rawbpf.btf.types import (
        Array,
        Const,
        DataSec,
        DeclTag,
        Enum,
        Enum64,
        Float,
        Func,
        FuncProto,
        Fwd,
        Int,
        Member,
        Param,
        Ptr,
        Restrict,
        Struct,
        Type,
        Typedef,
        TypeTag,
        Union,
        Var,
        Volatile,
    )
    from rawbpf.btf.values.codec import ValueCodec, codec

__all__ = [
    "Array",
    "Btf",
    "BtfBuilder",
    "Const",
    "DataSec",
    "DeclTag",
    "Enum",
    "Enum64",
    "Field",
    "Float",
    "Func",
    "FuncProto",
    "Fwd",
    "Int",
    "Member",
    "Param",
    "Ptr",
    "Restrict",
    "Struct",
    "Type",
    "TypeTag",
    "Typedef",
    "Union",
    "ValueCodec",
    "Var",
    "Volatile",
    "align_of",
    "c_header",
    "codec",
    "declaration",
    "fields",
    "find_field",
    "prototype",
    "resolve",
    "size_of",
]

_HOMES = {
    "Array": "rawbpf.btf.types",
    "Btf": "rawbpf.btf.btf",
    "BtfBuilder": "rawbpf.btf.encode",
    "Const": "rawbpf.btf.types",
    "DataSec": "rawbpf.btf.types",
    "DeclTag": "rawbpf.btf.types",
    "Enum": "rawbpf.btf.types",
    "Enum64": "rawbpf.btf.types",
    "Field": "rawbpf.btf.lookup",
    "Float": "rawbpf.btf.types",
    "Func": "rawbpf.btf.types",
    "FuncProto": "rawbpf.btf.types",
    "Fwd": "rawbpf.btf.types",
    "Int": "rawbpf.btf.types",
    "Member": "rawbpf.btf.types",
    "Param": "rawbpf.btf.types",
    "Ptr": "rawbpf.btf.types",
    "Restrict": "rawbpf.btf.types",
    "Struct": "rawbpf.btf.types",
    "Type": "rawbpf.btf.types",
    "TypeTag": "rawbpf.btf.types",
    "Typedef": "rawbpf.btf.types",
    "Union": "rawbpf.btf.types",
    "ValueCodec": "rawbpf.btf.values.codec",
    "Var": "rawbpf.btf.types",
    "Volatile": "rawbpf.btf.types",
    "align_of": "rawbpf.btf.sizes",
    "c_header": "rawbpf.btf.ctext.header",
    "codec": "rawbpf.btf.values.codec",
    "declaration": "rawbpf.btf.ctext.declare",
    "fields": "rawbpf.btf.describe",
    "find_field": "rawbpf.btf.lookup",
    "prototype": "rawbpf.btf.lookup",
    "resolve": "rawbpf.btf.sizes",
    "size_of": "rawbpf.btf.sizes",
}

__getattr__, __dir__ = front_door(__name__, _HOMES)
