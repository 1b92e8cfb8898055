"""C identifiers for BTF names, each meaning one thing.

C has two name spaces that matter here: tags (after struct, union, enum) and ordinary identifiers
(typedefs, enumerators, functions). The kernel is many compilation units, so its BTF has several
``struct irq_info`` and the like: the second becomes ``irq_info___2``. Three underscores and what
follows are a *flavour*, which CO-RE ignores when it looks for the kernel's type of that name.

Names may also be no C at all (Rust's generics, damaged or hostile BTF). What cannot be in an
identifier becomes an underscore, so that nothing but an identifier ever reaches a compiler.
"""

from __future__ import annotations

import re

__all__ = ["KEYWORDS", "Names", "identifier"]

_KEYWORDS = """
    asm auto break case char const continue default do double else enum extern float for goto if
    inline int long register restrict return short signed sizeof static struct switch typedef
    typeof union unsigned void volatile while _Alignas _Alignof _Atomic _Bool _Complex _Generic
    _Imaginary _Noreturn _Static_assert _Thread_local __int128 __builtin_va_list
"""
KEYWORDS = frozenset(_KEYWORDS.split())
"""What an identifier cannot be. A kernel built by clang has a typedef of that last name, but its
meaning on BPF is another."""

_NOT_IN_IDENTIFIERS = re.compile(r"[^A-Za-z0-9_]")


def identifier(name: str) -> str:
    """The name, or the C identifier that is nearest to it.

    >>> identifier("pid"), identifier("Option<u8>"), identifier("7up"), identifier("int")
    ('pid', 'Option_u8_', '_7up', 'int_')
    """
    name = _NOT_IN_IDENTIFIERS.sub("_", name)
    if not name or name[0].isdigit():
        return "_" + name
    return name + "_" if name in KEYWORDS else name


class Names:
    """One name space: whoever asks first for a name has it, the next gets a flavour of it.

    >>> tags = Names()
    >>> tags.get(7, "irq_info"), tags.get(9, "irq_info"), tags.get(7, "irq_info")
    ('irq_info', 'irq_info___2', 'irq_info')
    """

    def __init__(self) -> None:
        self._given: dict[object, str] = {}
        self._count: dict[str, int] = {}

    def get(self, owner: object, name: str) -> str:
        """The identifier of an owner (a type id, say), the same whenever it asks."""
        given = self._given.get(owner)
        if given is None:
            given = self._given[owner] = self._new(identifier(name))
        return given

    def _new(self, name: str) -> str:
        count = self._count[name] = self._count.get(name, 0) + 1
        return name if count == 1 else self._new(f"{name}___{count}")
