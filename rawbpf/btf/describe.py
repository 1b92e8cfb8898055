"""Format records as JSON fields, using the keys of ``bpftool -j btf dump``.

Type references are shown as IDs; ``rawbpf.btf.ctext`` writes types as C instead.

>>> fields(1, t.Int("int", 4, 32, 1))["encoding"]
'SIGNED'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawbpf.btf import types as t
from rawbpf.uapi.btf import BTF_INT_BOOL, BTF_INT_CHAR, BTF_INT_SIGNED, KINDS, LINKAGES

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ANONYMOUS", "encoding_name", "fields", "kind_name", "linkage_name"]

ANONYMOUS = "(anon)"

_ENCODINGS = {
    0: "(none)",
    BTF_INT_SIGNED: "SIGNED",
    BTF_INT_CHAR: "CHAR",
    BTF_INT_BOOL: "BOOL",
}


def fields(type_id: int, record: t.Type) -> dict[str, Any]:
    """Return a type's JSON fields."""
    head = {
        "id": type_id,
        "kind": kind_name(record.kind),
        "name": getattr(record, "name", "") or ANONYMOUS,
    }
    return head | _FIELDS[type(record)](record)


def kind_name(kind: int) -> str:
    """Return a kind's name, such as STRUCT for 4."""
    known = KINDS.get(kind)
    return "UNKNOWN" if known is None else known.name


def linkage_name(linkage: int) -> str:
    """Return the name of a linkage of functions or variables, such as static for 0."""
    return LINKAGES[linkage] if linkage < len(LINKAGES) else "(unknown)"


def encoding_name(encoding: int) -> str:
    """Return the name of an integer's encoding, such as SIGNED for BTF_INT_SIGNED."""
    return _ENCODINGS.get(encoding, "UNKN")


def _int(r: t.Int) -> dict[str, Any]:
    return {
        "size": r.size,
        "bits_offset": r.offset,
        "nr_bits": r.bits,
        "encoding": encoding_name(r.encoding),
    }


def _array(r: t.Array) -> dict[str, Any]:
    return {"type_id": r.type_id, "index_type_id": r.index_type_id, "nr_elems": r.length}


def _composite(r: t.Struct | t.Union) -> dict[str, Any]:
    members = []
    for m in r.members:
        row = {"name": m.name or ANONYMOUS, "type_id": m.type_id, "bits_offset": m.bit_offset}
        if m.bit_size:
            row["bitfield_size"] = m.bit_size
        members.append(row)
    return {"size": r.size, "vlen": len(members), "members": members}


def _enum(r: t.Enum | t.Enum64) -> dict[str, Any]:
    return {
        "encoding": "SIGNED" if r.signed else "UNSIGNED",
        "size": r.size,
        "vlen": len(r.values),
        "values": [{"name": e.name or ANONYMOUS, "val": e.value} for e in r.values],
    }


def _func_proto(r: t.FuncProto) -> dict[str, Any]:
    params = [{"name": p.name or ANONYMOUS, "type_id": p.type_id} for p in r.params]
    return {"ret_type_id": r.type_id, "vlen": len(params), "params": params}


def _datasec(r: t.DataSec) -> dict[str, Any]:
    return {"size": r.size, "vlen": len(r.variables), "vars": [v._asdict() for v in r.variables]}


def _reference(r: t.Ptr | t.Typedef | t.Const | t.TypeTag) -> dict[str, Any]:
    return {"type_id": r.type_id}


# Any is used because each function accepts only the record type that is its key.
_FIELDS: dict[type, Callable[[Any], dict[str, Any]]] = {
    t.Void: lambda _: {},
    t.Int: _int,
    t.Ptr: _reference,
    t.Array: _array,
    t.Struct: _composite,
    t.Union: _composite,
    t.Enum: _enum,
    t.Enum64: _enum,
    t.Fwd: lambda r: {"fwd_kind": "union" if r.is_union else "struct"},
    t.Typedef: _reference,
    t.Volatile: _reference,
    t.Const: _reference,
    t.Restrict: _reference,
    t.Func: lambda r: {"type_id": r.type_id, "linkage": linkage_name(r.linkage)},
    t.FuncProto: _func_proto,
    t.Var: lambda r: {"type_id": r.type_id, "linkage": linkage_name(r.linkage)},
    t.DataSec: _datasec,
    t.Float: lambda r: {"size": r.size},
    t.DeclTag: lambda r: {"type_id": r.type_id, "component_idx": r.component},
    t.TypeTag: _reference,
    t.Unknown: lambda r: {"info": r.info, "size_or_type": r.size_or_type, "words": r.words},
}
