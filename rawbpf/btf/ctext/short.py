"""A type in a few words, for people: ``const struct sock *sk``, ``struct {...} u``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.btf import types as t
from rawbpf.btf.ctext.budget import Budget
from rawbpf.btf.ctext.declare import Declarer
from rawbpf.btf.describe import kind_name
from rawbpf.btf.strings import printable

if TYPE_CHECKING:
    from rawbpf.btf.btf import Btf

__all__ = ["declaration"]


def declaration(btf: Btf, type_id: int, name: str = "", budget: Budget | None = None) -> str:
    """``name`` declared as type ``type_id`` in C, bodies left out. "" gives the type alone.

    ``budget`` bounds many of them together. FormatError: damaged or circular.

    >>> from rawbpf.btf.btf import Btf
    >>> from rawbpf.btf.encode import BtfBuilder
    >>> builder = BtfBuilder()
    >>> _ = builder.add_struct("sock", 4, []), builder.add(t.Const(1)), builder.add_ptr(2)
    >>> declaration(Btf.from_bytes(builder.encode()), 3, "sk")
    'const struct sock *sk'
    """
    record = btf[type_id]
    if isinstance(record, t.Func | t.Var):
        type_id, name = record.type_id, name or record.name
    return Declarer(btf, budget or Budget(0), _base).declare(type_id, printable(name))


def _base(_type_id: int, record: t.Type, _depth: int) -> str:
    if isinstance(record, t.Void):
        return "void"
    name = printable(getattr(record, "name", ""))
    keyword = _KEYWORDS.get(type(record), "")
    if isinstance(record, t.Fwd) and record.is_union:
        keyword = "union"
    if keyword:
        return f"{keyword} {name or '{...}'}"
    return name or kind_name(record.kind)


_KEYWORDS: dict[type, str] = {
    t.Struct: "struct",
    t.Union: "union",
    t.Enum: "enum",
    t.Enum64: "enum",
    t.Fwd: "struct",
}
