"""C definitions of structs, unions, enums, typedefs, functions and variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.btf import types as t
from rawbpf.btf.ctext.declare import Declarer, bytes_type, number_type
from rawbpf.btf.ctext.names import NameSpace, identifier
from rawbpf.btf.ctext.packing import Gap, arrange, padding
from rawbpf.btf.sizes import align_of, bit_span, strip
from rawbpf.errors import FormatError
from rawbpf.uapi import btf as uapi

if TYPE_CHECKING:
    from rawbpf.btf.btf import Btf
    from rawbpf.btf.ctext.declare import Budget

__all__ = ["Definer"]

Composite = t.Struct | t.Union
Enumeration = t.Enum | t.Enum64

_MODES = {1: "QI", 2: "HI", 4: "SI", 8: "DI"}
"""Maps a size to a ``mode`` attribute, which sets the size of an enum regardless of its values."""


class Definer:
    """Writes type definitions without the final semicolon."""

    def __init__(self, btf: Btf, budget: Budget) -> None:
        self._btf, self._budget = btf, budget
        self._declarer = Declarer(btf, budget, self._base)
        self._tags, self._names = NameSpace(), NameSpace()
        self._aligns: dict[int, int] = {}
        self._pads = 0
        self.enums_written: set[int] = set()

    def declare(self, type_id: int, name: str) -> str:
        """Return a declaration of ``name``."""
        return self._declarer.declare(type_id, name)

    def name(self, type_id: int) -> str:
        """Return the identifier for a function, variable or typedef."""
        record = self._btf[type_id]
        assert isinstance(record, t.Func | t.Var | t.Typedef)
        return self._names.get(type_id, record.name)

    def tag(self, type_id: int) -> str:
        """Return ``struct foo``, ``union foo`` or ``enum foo``."""
        record = self._btf[type_id]
        if isinstance(record, t.Fwd):
            return self._forward(record)
        assert isinstance(record, Composite | Enumeration)
        return f"{_keyword(record)} {self._tags.get(type_id, record.name)}"

    def _forward(self, record: t.Fwd) -> str:
        """Return the tag to use in a forward declaration.

        The type may be defined elsewhere in the blob.
        """
        kind = uapi.BTF_KIND_UNION if record.is_union else uapi.BTF_KIND_STRUCT
        type_id = self._btf.find_id(record.name, kind)
        if type_id is not None:
            return self.tag(type_id)
        keyword = "union" if record.is_union else "struct"
        return f"{keyword} {self._tags.get((keyword, record.name), record.name)}"

    def definition(self, type_id: int) -> str:
        """Return the C definition of a named type."""
        record = self._btf[type_id]
        if isinstance(record, Composite):
            return self._composite(self.tag(type_id), type_id, record, 0)
        if isinstance(record, Enumeration):
            return self.enum(self.tag(type_id), type_id)
        assert isinstance(record, t.Typedef)
        return "typedef " + self.declare(record.type_id, self.name(type_id))

    def _base(self, type_id: int, record: t.Type, depth: int) -> str:
        """Return the base type with which a declaration starts."""
        if isinstance(record, Composite):
            if record.name:
                return self.tag(type_id)
            return self._composite(_keyword(record), type_id, record, depth + 1)
        if isinstance(record, Enumeration):
            return self._enum_base(type_id, record)
        if isinstance(record, t.Typedef):
            return self.name(type_id)
        if isinstance(record, t.Int | t.Float):
            return number_type(record)
        if isinstance(record, t.Fwd):
            return self._forward(record)
        if isinstance(record, t.Void):
            return "void"
        what = f"BTF type {type_id} cannot be used as a type"
        raise FormatError(what, why=f"the type is a {type(record).__name__}")

    def _composite(self, head: str, type_id: int, record: Composite, depth: int) -> str:
        self._budget.spend(len(record.members), depth)
        plan = arrange(self._btf, type_id, record, self._aligns)
        if plan.rows is None:
            return bytes_type(head, record.size, align_of(self._btf, type_id, self._aligns))
        lines = []
        for row in plan.rows:
            if isinstance(row, Gap):
                self._pads += 1
                union = isinstance(record, t.Union)
                lines += padding(row, f"___pad{self._pads}", union=union)
            else:
                lines.append(self._member(row, depth))
        body = "".join("\t" + line.replace("\n", "\n\t") + "\n" for line in lines)
        return f"{head} {{\n{body}}}" + (" __attribute__((packed))" if plan.packed else "")

    def _member(self, member: t.Member, depth: int) -> str:
        if not member.name:
            return self._unnamed(member, depth) + ";"
        _, bits = bit_span(self._btf, member)
        text = self._declarer.declare(member.type_id, identifier(member.name), depth)
        return f"{text}: {bits};" if bits else f"{text};"

    def _unnamed(self, member: t.Member, depth: int) -> str:
        # With -fms-extensions, which the kernel has used since 6.19, an unnamed member may have a
        # tag. Without the tag, the same struct also compiles without that flag.
        type_id = strip(self._btf, member.type_id)
        record = self._btf[type_id]
        if isinstance(record, Composite):
            return self._composite(_keyword(record), type_id, record, depth + 1)
        self._pads += 1
        return self._declarer.declare(member.type_id, f"___unnamed{self._pads}", depth)

    def _enum_base(self, type_id: int, record: Enumeration) -> str:
        if record.name:
            return self.tag(type_id)
        if type_id not in self.enums_written:
            return self.enum("enum", type_id)
        # The enum's constants are already defined and cannot be defined twice.
        return number_type(t.Int("", record.size, 8 * record.size, int(record.signed)))

    def enum(self, head: str, type_id: int) -> str:
        """Return the definition of an enum; ``head`` is ``enum`` with or without a tag."""
        record = self._btf[type_id]
        assert isinstance(record, Enumeration)
        self.enums_written.add(type_id)
        self._budget.spend(len(record.values))
        rows = [
            f"\t{self._names.get((type_id, i), name)} = {_constant(record, value)},\n"
            for i, (name, value) in enumerate(record.values)
        ]
        # In BTF, an enum that is declared but not defined has no values, which C does not allow.
        rows = rows or [f"\t{self._names.get((type_id, 0), f'___{record.name}_undefined')},\n"]
        return f"{head} {{\n{''.join(rows)}}}{_enum_attribute(record)}"


def _keyword(record: Composite | Enumeration) -> str:
    if isinstance(record, Enumeration):
        return "enum"
    return "union" if isinstance(record, t.Union) else "struct"


def _enum_attribute(record: Enumeration) -> str:
    """Return the attribute that sets an enum's size, or "" if C chooses that size anyway."""
    negative = any(value < 0 for _, value in record.values)
    bits = max([value.bit_length() for _, value in record.values], default=0) + negative
    needed = next((size for size in _MODES if bits <= 8 * size), 8)
    if record.size == max(needed, 4):
        return ""
    if record.size == needed:
        return " __attribute__((packed))"
    mode = _MODES.get(record.size)
    return f" __attribute__((mode({mode})))" if mode else ""


def _constant(record: Enumeration, value: int) -> str:
    if isinstance(record, t.Enum):
        return str(value)
    if record.signed:
        # C parses -9223372036854775808 as the negation of a number that is out of range.
        return f"{value}LL" if value > -(1 << 63) else f"{value + 1}LL - 1"
    return f"{value}ULL"
