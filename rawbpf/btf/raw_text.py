r"""Format types as text in the raw format of ``bpftool btf dump file F format raw``.

BTF is usually quoted in this format. A type takes one line, followed by a line for each of its
members, values, parameters or variables. Types are referred to by ID; ``rawbpf.btf.ctext`` writes
types as C instead.

>>> from rawbpf.btf.btf import Btf
>>> from rawbpf.btf.encode import BtfBuilder
>>> builder = BtfBuilder()
>>> _ = builder.add_struct("s", 4, [("pid", 2, 0)]), builder.add_int("int", 4, signed=True)
>>> list(raw(Btf.from_bytes(builder.encode()), [1]))
["[1] STRUCT 's' size=4 vlen=1\n\t'pid' type_id=2 bits_offset=0\n"]
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from rawbpf.btf import types as t
from rawbpf.btf.describe import ANONYMOUS, encoding_name, kind_name, linkage_name
from rawbpf.btf.strings import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rawbpf.btf.btf import Btf

__all__ = ["raw"]

_ELEMENTS = 64
"""The number of elements in one chunk of text.

Malicious BTF may contain types with millions of elements.
"""

_PIECES = 128
"""The number of chunks of text to yield at a time."""


def raw(btf: Btf, type_ids: Iterable[int] | None = None) -> Iterator[str]:
    """Yield complete lines of text for types, by default for all of this blob's own types.

    Raises FormatError if the BTF is damaged.
    """
    types = btf if type_ids is None else ((number, btf[number]) for number in type_ids)
    pieces = _pieces(btf, types)
    while text := "".join(islice(pieces, _PIECES)):
        yield text


def _pieces(btf: Btf, types: Iterable[tuple[int, t.Type]]) -> Iterator[str]:
    shown = _Shown()
    for type_id, record in types:
        yield f"[{type_id}] {_LINES[type(record)](record, shown)}\n"
        elements = _ELEMENTS_OF.get(type(record))
        if elements is not None:
            rows = getattr(record, elements[0])
            for first in range(0, len(rows), _ELEMENTS):
                yield "".join(elements[1](record, rows[first : first + _ELEMENTS], shown, btf))


class _Shown(dict[str, str]):
    """A cache of names in printable form.

    The cache is effective because the same names occur repeatedly.
    """

    def __missing__(self, name: str) -> str:
        text = self[name] = printable(name) or ANONYMOUS
        return text


def _reference(kind: str) -> Callable[[Any, _Shown], str]:
    start = f"{kind} '{ANONYMOUS}' type_id="
    return lambda r, _: f"{start}{r.type_id}"


def _enum(kind: str) -> Callable[[Any, _Shown], str]:
    return lambda r, n: (
        f"{kind} '{n[r.name]}' encoding={'SIGNED' if r.signed else 'UNSIGNED'} "
        f"size={r.size} vlen={len(r.values)}"
    )


# Any is used because each function accepts only the record type that is its key.
_LINES: dict[type, Callable[[Any, _Shown], str]] = {
    t.Void: lambda _, n: f"UNKNOWN '{n['']}'",
    t.Int: lambda r, n: (
        f"INT '{n[r.name]}' size={r.size} bits_offset={r.offset} nr_bits={r.bits} "
        f"encoding={encoding_name(r.encoding)}"
    ),
    t.Ptr: _reference("PTR"),
    t.Array: lambda r, n: (
        f"ARRAY '{n['']}' type_id={r.type_id} index_type_id={r.index_type_id} nr_elems={r.length}"
    ),
    t.Struct: lambda r, n: f"STRUCT '{n[r.name]}' size={r.size} vlen={len(r.members)}",
    t.Union: lambda r, n: f"UNION '{n[r.name]}' size={r.size} vlen={len(r.members)}",
    t.Enum: _enum("ENUM"),
    t.Enum64: _enum("ENUM64"),
    t.Fwd: lambda r, n: f"FWD '{n[r.name]}' fwd_kind={'union' if r.is_union else 'struct'}",
    t.Typedef: lambda r, n: f"TYPEDEF '{n[r.name]}' type_id={r.type_id}",
    t.Volatile: _reference("VOLATILE"),
    t.Const: _reference("CONST"),
    t.Restrict: _reference("RESTRICT"),
    t.Func: lambda r, n: (
        f"FUNC '{n[r.name]}' type_id={r.type_id} linkage={linkage_name(r.linkage)}"
    ),
    t.FuncProto: lambda r, n: f"FUNC_PROTO '{n['']}' ret_type_id={r.type_id} vlen={len(r.params)}",
    # bpftool separates the two fields of a variable by a comma.
    t.Var: lambda r, n: f"VAR '{n[r.name]}' type_id={r.type_id}, linkage={linkage_name(r.linkage)}",
    t.DataSec: lambda r, n: f"DATASEC '{n[r.name]}' size={r.size} vlen={len(r.variables)}",
    t.Float: lambda r, n: f"FLOAT '{n[r.name]}' size={r.size}",
    t.DeclTag: lambda r, n: (
        f"DECL_TAG '{n[r.name]}' type_id={r.type_id} component_idx={r.component}"
    ),
    t.TypeTag: lambda r, n: f"TYPE_TAG '{n[r.name]}' type_id={r.type_id}",
    t.Unknown: lambda r, n: (
        f"UNKNOWN '{n[r.name]}' info={r.info} size_or_type={r.size_or_type} words={r.words}"
    ),
}


def _members(r: t.Struct, rows: Sequence[t.Member], shown: _Shown, _: Btf) -> list[str]:
    if not r.kind_flag:
        return [f"\t'{shown[name]}' type_id={i} bits_offset={at}\n" for name, i, at, _ in rows]
    return [
        f"\t'{shown[name]}' type_id={type_id} bits_offset={offset} bitfield_size={size}\n"
        if size
        else f"\t'{shown[name]}' type_id={type_id} bits_offset={offset}\n"
        for name, type_id, offset, size in rows
    ]


def _values(_r: t.Enum, rows: Sequence[t.Enumerator], shown: _Shown, _: Btf) -> list[str]:
    return [f"\t'{shown[name]}' val={value}\n" for name, value in rows]


def _values64(r: t.Enum64, rows: Sequence[t.Enumerator], shown: _Shown, _: Btf) -> list[str]:
    suffix = "LL" if r.signed else "ULL"
    return [f"\t'{shown[name]}' val={value}{suffix}\n" for name, value in rows]


def _params(_r: t.FuncProto, rows: Sequence[t.Param], shown: _Shown, _: Btf) -> list[str]:
    return [f"\t'{shown[name]}' type_id={type_id}\n" for name, type_id in rows]


def _variables(_r: t.DataSec, rows: Sequence[t.SecVar], shown: _Shown, btf: Btf) -> list[str]:
    return [f"\ttype_id={i} offset={o} size={s}{_of(btf, i, shown)}\n" for i, o, s in rows]


def _of(btf: Btf, type_id: int, shown: _Shown) -> str:
    if type_id >= len(btf):
        return ""
    variable = btf[type_id]
    return f" ({kind_name(variable.kind)} '{shown[getattr(variable, 'name', '')]}')"


_ELEMENTS_OF: dict[type, tuple[str, Callable[[Any, Any, _Shown, Btf], list[str]]]] = {
    t.Struct: ("members", _members),
    t.Union: ("members", _members),
    t.Enum: ("values", _values),
    t.Enum64: ("values", _values64),
    t.FuncProto: ("params", _params),
    t.DataSec: ("variables", _variables),
}
"""For types with elements, the field that contains the elements and the format of their lines."""
