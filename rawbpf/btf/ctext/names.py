"""Generate unique C identifiers for BTF names.

Two of C's name spaces matter here: tags (after struct, union or enum), and ordinary identifiers
(typedefs, enumerators and functions). The kernel consists of many compilation units, so its BTF may
contain several types with the same name, such as ``struct irq_info``; the second type is renamed
``irq_info___2``. Three underscores and a suffix mark a *flavour*, which CO-RE ignores when it looks
up the kernel's type.

Some BTF names are not valid in C, such as Rust's generics and names in damaged or malicious BTF.
Invalid characters are replaced by underscores, so that only identifiers ever reach a compiler.
"""

from __future__ import annotations

import re

__all__ = ["KEYWORDS", "NameSpace", "identifier"]

_KEYWORDS = """
    asm auto break case char const continue default do double else enum extern float for goto if
    inline int long register restrict return short signed sizeof static struct switch typedef
    typeof union unsigned void volatile while _Alignas _Alignof _Atomic _Bool _Complex _Generic
    _Imaginary _Noreturn _Static_assert _Thread_local __int128 __builtin_va_list
"""
KEYWORDS = frozenset(_KEYWORDS.split())
"""Reserved words.

A kernel built with clang has a typedef named __builtin_va_list, which has a different meaning on
BPF.
"""

_NOT_IN_IDENTIFIERS = re.compile(r"[^A-Za-z0-9_]")


def identifier(name: str) -> str:
    """Return the name, or a similar identifier if the name is not valid in C.

    >>> identifier("pid"), identifier("Option<u8>"), identifier("7up"), identifier("int")
    ('pid', 'Option_u8_', '_7up', 'int_')
    """
    name = _NOT_IN_IDENTIFIERS.sub("_", name)
    if not name or name[0].isdigit():
        return "_" + name
    return name + "_" if name in KEYWORDS else name


class NameSpace:
    """A name space: the first owner of a name keeps the name, and later owners get a flavour.

    >>> tags = NameSpace()
    >>> tags.get(7, "irq_info"), tags.get(9, "irq_info"), tags.get(7, "irq_info")
    ('irq_info', 'irq_info___2', 'irq_info')
    """

    def __init__(self) -> None:
        self._given: dict[object, str] = {}
        self._count: dict[str, int] = {}

    def get(self, owner: object, name: str) -> str:
        """Return the identifier for an owner, such as a type ID.

        Repeated calls return the same identifier.
        """
        given = self._given.get(owner)
        if given is None:
            given = self._given[owner] = self._new(identifier(name))
        return given

    def _new(self, name: str) -> str:
        count = self._count[name] = self._count.get(name, 0) + 1
        return name if count == 1 else self._new(f"{name}___{count}")
