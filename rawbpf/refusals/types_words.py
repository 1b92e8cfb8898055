"""Describe a BTF type in words and as C, and find the types that refer to it.

Types that the kernel rejects may refer to themselves or to types that do not exist. This module
therefore checks every type ID and never follows an ID twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.btf import types as t
from rawbpf.btf.ctext.declare import Budget, declaration
from rawbpf.btf.ctext.definition import Definer
from rawbpf.btf.describe import fields, kind_name
from rawbpf.btf.raw_text import raw
from rawbpf.errors import FormatError
from rawbpf.output.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.btf.btf import Btf

__all__ = ["c_text", "type_words", "users"]

_MOST_TYPES = 1 << 15  # BTF larger than this is not searched for users of a type
_MOST_MEMBERS = 6
_TOP = (t.Func, t.Var, t.DataSec)
_STEPS = 6
_TEXT = 240
_BUDGET = 10_000


def type_words(btf: Btf | None, number: int) -> str:
    """Describe a type in words, such as "struct task" or "type 7 (pointer)"."""
    record = _record(btf, number)
    if record is None:
        return f"type {number}"
    name = printable(getattr(record, "name", ""))
    kind = _KINDS.get(type(record), kind_name(record.kind).lower())
    return f"{kind} {name}" if name else f"type {number} ({kind})"


_KINDS: dict[type, str] = {
    t.Int: "integer", t.Ptr: "pointer", t.Func: "function", t.FuncProto: "function's type",
    t.Var: "variable", t.DataSec: "section", t.Fwd: "forward declaration", t.DeclTag: "tag",
    t.TypeTag: "tag of a type", t.Enum64: "enum",
}  # fmt: skip


def _record(btf: Btf | None, number: int) -> t.Type | None:
    try:
        return None if btf is None else btf[number]
    except FormatError:
        return None


def c_text(btf: Btf, number: int) -> str:
    """Format a type as one line of C or, if that fails, as bpftool prints it, or return ""."""
    record = _record(btf, number)
    if record is None:
        return ""
    try:
        if isinstance(record, t.Struct | t.Union):
            text = _members(btf, record)
        elif isinstance(record, t.Enum | t.Enum64):
            text = Definer(btf, Budget(_BUDGET)).definition(number)
        elif isinstance(record, t.DataSec | t.DeclTag | t.Typedef):
            text = _raw(btf, number)
        else:
            text = declaration(btf, number)
    except FormatError:
        text = _raw(btf, number)
    line = " ".join(text.split())
    return line if len(line) <= _TEXT else line[:_TEXT] + "..."


def _raw(btf: Btf, number: int) -> str:
    try:
        return "; ".join("".join(raw(btf, [number])).splitlines()).partition(" ")[2]
    except FormatError:
        return ""


def _members(btf: Btf, record: t.Struct | t.Union) -> str:
    """Format a struct with each member's offset, even if C could not place the members there."""
    parts = []
    for one in record.members[:_MOST_MEMBERS]:
        bits = f" : {one.bit_size}" if one.bit_size else ""
        parts.append(f"{_declared(btf, one)}{bits}; /* bit {one.bit_offset} */")
    more = " ..." if len(record.members) > _MOST_MEMBERS else ""
    head = "union" if isinstance(record, t.Union) else "struct"
    return f"{head} {printable(record.name)} {{ {' '.join(parts)}{more} }} of {record.size} bytes"


def _declared(btf: Btf, member: t.Member) -> str:
    try:
        return declaration(btf, member.type_id, member.name)
    except FormatError:
        return f"(type {member.type_id}) {printable(member.name)}"


def users(btf: Btf, number: int) -> list[str]:
    """Return the chain of types that refer to a type, up to a function, variable or section."""
    if len(btf) > _MOST_TYPES:
        return []
    chain: list[str] = []
    above = _referrers(btf)
    seen = {number}
    while len(chain) < _STEPS:
        found = next(((user, how) for user, how in above.get(number, ()) if user not in seen), None)
        if found is None:
            return chain
        number = found[0]
        seen.add(number)
        chain.append(found[1] + type_words(btf, number))
        if isinstance(btf[number], _TOP):
            return chain
    return chain


def _referrers(btf: Btf) -> dict[int, list[tuple[int, str]]]:
    """Map each type to the types that refer to it, with the role of each reference."""
    found: dict[int, list[tuple[int, str]]] = {}
    for number in range(btf.first_id, len(btf)):
        record = _record(btf, number)
        if record is not None:
            for target, how in _references(number, record):
                found.setdefault(target, []).append((number, how))
    return found


def _references(number: int, record: t.Type) -> Iterator[tuple[int, str]]:
    for key, value in fields(number, record).items():
        if key in ("type_id", "index_type_id", "ret_type_id"):
            yield value, ""
        elif isinstance(value, list):
            for one in value:
                if "type_id" in one:
                    name = printable(one.get("name", ""))
                    yield one["type_id"], f"{name!r} of " if name else ""
