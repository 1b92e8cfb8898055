"""One declaration in C: the declarator grows from the name outwards, the base type ends it.

``int (*handlers[4])(void)`` is, read from the name: an array of 4 pointers to functions that
return int. BTF's chain (ARRAY -> PTR -> FUNC_PROTO -> INT) is walked in that order: a pointer
puts a star before what is there, an array or a prototype puts brackets after it, in parentheses
if a star came last. Qualifiers wait for the next star, or for the base type.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rawbpf.btf import types as t
from rawbpf.btf.ctext.names import identifier
from rawbpf.uapi.btf import BTF_INT_SIGNED

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.btf.btf import Btf
    from rawbpf.btf.ctext.budget import Budget

    Base = Callable[[int, t.Type, int], str]

__all__ = ["Declarer", "bytes_type", "number_type"]

_QUALIFIERS: dict[type, str] = {t.Const: "const", t.Volatile: "volatile", t.Restrict: "restrict"}

_SIZES = {"char": 1, "_Bool": 1, "short": 2, "long": 8, "__int128": 16, "double": 8}
"""Bytes of what these words make, alone or with others, on BPF; without any of them it is 4."""

_WORDS = frozenset(_SIZES) | {"signed", "unsigned", "int", "float"}

_BY_SIZE = {1: "char", 2: "short", 4: "int", 8: "long", 16: "__int128"}

_LINE = 256
"""Characters of text that count as a step: a name of 2,000 can be in each of 65,000 members."""

_ATTRIBUTE = re.compile(r'\w+(\([\w ,."-]*\))?', re.ASCII)


class Declarer:
    """Declarations of a blob's types. ``base`` writes what has a tag or a name of its own."""

    def __init__(self, btf: Btf, budget: Budget, base: Base) -> None:
        self._btf, self._budget, self._base = btf, budget, base

    def declare(self, type_id: int, name: str, depth: int = 0) -> str:
        """``name`` declared as a ``type_id``; "" gives the type alone (``int *``)."""
        inner, front, back = name, "", ""
        while True:
            self._budget.spend(1, depth)
            record = self._btf[type_id]
            if isinstance(record, t.Const | t.Volatile | t.Restrict):
                qualifier = _QUALIFIERS[type(record)] + " "
                # The kernel's BTF has const arrays of const elements; C warns of const const.
                front += qualifier if qualifier not in front else ""
            elif isinstance(record, t.TypeTag):
                back += _attribute(record)
            elif isinstance(record, t.Ptr):
                inner, front, back = f"*{back}{front}{inner}", "", ""
            elif isinstance(record, t.Array):
                inner = f"{_group(inner)}[{record.length}]"
            elif isinstance(record, t.FuncProto):
                inner, front, back = f"{_group(inner)}({self._params(record, depth)})", "", ""
            else:
                text = f"{front}{self._base(type_id, record, depth)} {back}{inner}".rstrip()
                self._budget.spend(len(text) // _LINE)
                return text
            type_id = record.type_id

    def _params(self, proto: t.FuncProto, depth: int) -> str:
        rows = []
        for index, (name, type_id) in enumerate(proto.params):
            if not type_id and index == len(proto.params) - 1:
                rows.append("...")
            else:
                rows.append(self.declare(type_id, name and identifier(name), depth + 1))
        return ", ".join(rows) or "void"


def _group(inner: str) -> str:
    return f"({inner})" if inner.startswith("*") else inner


def _attribute(tag: t.TypeTag) -> str:
    """A tag as an attribute, and a space.

    Text that could be more than one attribute is left out: BTF may come from anywhere, and this
    goes to a compiler.
    """
    text = tag.name if tag.is_attribute else f'btf_type_tag("{tag.name}")'
    return f"__attribute__(({text})) " if _ATTRIBUTE.fullmatch(text) else ""


def number_type(record: t.Int | t.Float) -> str:
    """An integer's or a floating-point number's type, one that has its size on BPF.

    >>> number_type(t.Int("long unsigned int", 8, 64)), number_type(t.Int("u32", 4, 32))
    ('long unsigned int', 'unsigned int')
    """
    words = record.name.split()
    if words and _WORDS.issuperset(words):
        size = max((_SIZES[word] for word in words if word in _SIZES), default=4)
        # long double has 16 bytes on x86-64 and 8 on BPF.
        if size == record.size:
            return record.name
    if isinstance(record, t.Int) and record.size in _BY_SIZE:
        sign = "signed" if record.encoding & BTF_INT_SIGNED else "unsigned"
        return f"{sign} {_BY_SIZE[record.size]}"
    return bytes_type("struct", record.size, min(16, record.size & -record.size) or 1)


def bytes_type(head: str, size: int, align: int) -> str:
    """So many bytes, so aligned, as a struct: for what C for BPF has no type of its own.

    >>> bytes_type("struct", 3, 1)
    'struct { unsigned char ___bytes[3]; }'
    """
    attribute = f" __attribute__((aligned({align})))" if align > 1 else ""
    return f"{head} {{ unsigned char ___bytes[{size}]; }}{attribute}"
