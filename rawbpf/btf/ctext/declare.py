"""C declarations: the declarator is built from the name outwards, and the base type is added last.

Read from the name outwards, ``int (*handlers[4])(void)`` is an array of 4 pointers to functions
that return int. The BTF chain (ARRAY -> PTR -> FUNC_PROTO -> INT) is walked in the same order. A
pointer prepends a star to the declarator. An array or a prototype appends brackets to the
declarator, and parenthesizes a declarator that starts with a star. Qualifiers are saved until the
next star or the base type.

An anonymous struct is written out wherever it is used, so a few hundred bytes of malicious BTF
could describe gigabytes of C, for example with 32 structs that each contain the next one twice. A
`Budget` limits the work. Compilers never emit BTF like this: even all of the kernel's BTF takes
only one step per two words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rawbpf.btf import types as t
from rawbpf.btf.ctext.names import identifier
from rawbpf.btf.describe import kind_name
from rawbpf.btf.strings import printable
from rawbpf.errors import FormatError
from rawbpf.uapi.btf import BTF_INT_SIGNED

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.btf.btf import Btf

    Base = Callable[[int, t.Type, int], str]

__all__ = ["Budget", "Declarer", "bytes_type", "declaration", "number_type"]

_QUALIFIERS: dict[type, str] = {t.Const: "const", t.Volatile: "volatile", t.Restrict: "restrict"}

_SIZES = {"char": 1, "_Bool": 1, "short": 2, "long": 8, "__int128": 16, "double": 8}
"""Sizes on BPF, in bytes, of integer types whose names contain the given words.

All other integer types are 4 bytes long."""

_WORDS = frozenset(_SIZES) | {"signed", "unsigned", "int", "float"}

_BY_SIZE = {1: "char", 2: "short", 4: "int", 8: "long", 16: "__int128"}

_NEST = 64
"""Maximum nesting depth of types."""

_LINE = 256
"""The number of characters that count as one step.

A name of 2,000 characters may occur in each of 65,000 members.
"""

_ATTRIBUTE = re.compile(r'\w+(\([\w ,."-]*\))?', re.ASCII)


class Budget:
    """A limit on the nesting depth and on the number of steps, in proportion to the blob's size.

    >>> Budget(0).spend(10_001)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    rawbpf.errors.FormatError: the C declarations for this BTF would be too long: ...
    """

    def __init__(self, words: int) -> None:
        self._left = 10_000 + 4 * words

    def spend(self, steps: int, depth: int = 0) -> None:
        """Count steps.

        Raises FormatError if the number of steps or the nesting exceeds the limit.
        """
        self._left -= steps
        if self._left < 0:
            raise FormatError(
                "the C declarations for this BTF would be too long",
                why="types are nested excessively",
            )
        if depth > _NEST:
            raise FormatError("circular BTF", why=f"types are nested more than {_NEST} levels deep")


class Declarer:
    """Writes declarations; ``base`` writes types that have a tag or name."""

    def __init__(self, btf: Btf, budget: Budget, base: Base) -> None:
        self._btf, self._budget, self._base = btf, budget, base

    def declare(self, type_id: int, name: str, depth: int = 0) -> str:
        """Return a declaration of ``name``.

        If ``name`` is "", return only the type, such as ``int *``.
        """
        inner, front, back = name, "", ""
        while True:
            self._budget.spend(1, depth)
            record = self._btf[type_id]
            if isinstance(record, t.Const | t.Volatile | t.Restrict):
                qualifier = _QUALIFIERS[type(record)] + " "
                # The kernel's BTF contains const arrays of const elements, but compilers warn about
                # const const.
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
    """Return a tag as a C attribute followed by a space.

    Tags that could inject a second attribute are omitted, because BTF may come from an untrusted
    source and the text is passed to a compiler.
    """
    text = tag.name if tag.is_attribute else f'btf_type_tag("{tag.name}")'
    return f"__attribute__(({text})) " if _ATTRIBUTE.fullmatch(text) else ""


def number_type(record: t.Int | t.Float) -> str:
    """Return a C integer type that has the right size on BPF.

    >>> number_type(t.Int("long unsigned int", 8, 64)), number_type(t.Int("u32", 4, 32))
    ('long unsigned int', 'unsigned int')
    """
    words = record.name.split()
    if words and _WORDS.issuperset(words):
        size = max((_SIZES[word] for word in words if word in _SIZES), default=4)
        # long double is 16 bytes long on x86-64 but 8 bytes long on BPF.
        if size == record.size:
            return record.name
    if isinstance(record, t.Int) and record.size in _BY_SIZE:
        sign = "signed" if record.encoding & BTF_INT_SIGNED else "unsigned"
        return f"{sign} {_BY_SIZE[record.size]}"
    return bytes_type("struct", record.size, min(16, record.size & -record.size) or 1)


def bytes_type(head: str, size: int, align: int) -> str:
    """Return a struct of bytes, as a replacement for types that C for BPF cannot express.

    >>> bytes_type("struct", 3, 1)
    'struct { unsigned char ___bytes[3]; }'
    """
    attribute = f" __attribute__((aligned({align})))" if align > 1 else ""
    return f"{head} {{ unsigned char ___bytes[{size}]; }}{attribute}"


def declaration(btf: Btf, type_id: int, name: str = "", budget: Budget | None = None) -> str:
    """Format a short C declaration for display, without struct bodies.

    If the name is "", only the type is returned.

    Pass the same ``budget`` to several calls to limit their total work. Raises FormatError if the
    BTF is damaged or circular.

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
