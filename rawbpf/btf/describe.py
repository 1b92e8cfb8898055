"""Records as JSON fields and as lines of text, compatible with bpftool.

``raw`` returns the text of ``bpftool btf dump file F format raw``, in which people commonly quote
BTF, and ``fields`` uses the keys of its ``-j``. References remain IDs; ``rawbpf.btf.ctext`` writes
types as C instead.

>>> fields(1, t.Int("int", 4, 32, 1))["encoding"]
'SIGNED'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawbpf.btf import types as t
from rawbpf.btf.strings import printable
from rawbpf.uapi.btf import BTF_INT_BOOL, BTF_INT_CHAR, BTF_INT_SIGNED, KINDS, LINKAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rawbpf.btf.btf import Btf

__all__ = ["ANONYMOUS", "fields", "kind_name", "raw"]

ANONYMOUS = "(anon)"

_ENCODINGS = {
    0: "(none)",
    BTF_INT_SIGNED: "SIGNED",
    BTF_INT_CHAR: "CHAR",
    BTF_INT_BOOL: "BOOL",
}


def fields(type_id: int, record: t.Type) -> dict[str, Any]:
    """Return the JSON fields of a type."""
    head = {
        "id": type_id,
        "kind": kind_name(record.kind),
        "name": getattr(record, "name", "") or ANONYMOUS,
    }
    return head | _FIELDS[type(record)](record)


def kind_name(kind: int) -> str:
    """Return the name of a kind, such as STRUCT for 4."""
    known = KINDS.get(kind)
    return "UNKNOWN" if known is None else known.name


def _linkage(linkage: int) -> str:
    return LINKAGES[linkage] if linkage < len(LINKAGES) else "(unknown)"


def _int(r: t.Int) -> dict[str, Any]:
    return {
        "size": r.size,
        "bits_offset": r.offset,
        "nr_bits": r.bits,
        "encoding": _ENCODINGS.get(r.encoding, "UNKN"),
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


# Any, because each function takes only the record type that is its key.
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
    t.Func: lambda r: {"type_id": r.type_id, "linkage": _linkage(r.linkage)},
    t.FuncProto: _func_proto,
    t.Var: lambda r: {"type_id": r.type_id, "linkage": _linkage(r.linkage)},
    t.DataSec: _datasec,
    t.Float: lambda r: {"size": r.size},
    t.DeclTag: lambda r: {"type_id": r.type_id, "component_idx": r.component},
    t.TypeTag: _reference,
    t.Unknown: lambda r: {"info": r.info, "size_or_type": r.size_or_type, "words": r.words},
}


def raw(btf: Btf, type_id: int) -> Iterator[str]:
    r"""Yield bpftool's raw lines for a type, with one more for each member, value or parameter.

    >>> from rawbpf.btf.btf import Btf
    >>> from rawbpf.btf.encode import BtfBuilder
    >>> builder = BtfBuilder()
    >>> _ = builder.add_struct("s", 4, [("pid", 2, 0)]), builder.add_int("int", 4, signed=True)
    >>> list(raw(Btf.from_bytes(builder.encode()), 1))
    ["[1] STRUCT 's' size=4 vlen=1", "\t'pid' type_id=2 bits_offset=0"]
    """
    record = btf[type_id]
    row = fields(type_id, record)
    head = f"[{type_id}] {row['kind']} '{printable(row['name'])}'"
    plain, lists = [], []
    for key, value in list(row.items())[3:]:
        if isinstance(value, list):
            lists += value
        else:
            plain.append(f"{key}={value}")
    # bpftool separates the two fields of a variable by a comma.
    yield " ".join([head, (", " if isinstance(record, t.Var) else " ").join(plain)]).rstrip()
    for element in lists:
        yield "\t" + _element(btf, record, element)


def _element(btf: Btf, record: t.Type, element: dict[str, Any]) -> str:
    words = [f"{key}={value}" for key, value in element.items() if key != "name"]
    if isinstance(record, t.Enum64):
        words[0] += "LL" if record.signed else "ULL"
    if "name" in element:
        words.insert(0, f"'{printable(element['name'])}'")
    elif element["type_id"] < len(btf):
        variable = btf[element["type_id"]]
        name = printable(getattr(variable, "name", "") or ANONYMOUS)
        words.append(f"({kind_name(variable.kind)} '{name}')")
    return " ".join(words)
