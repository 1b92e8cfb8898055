"""Names of types, and the part of them that counts.

C has no way to declare two versions of a struct under one name. So what follows three underscores
is a *flavour*, for people: ``struct task_struct___old`` means the kernel's task_struct.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.btf import types as t

if TYPE_CHECKING:
    from rawbpf.btf.btf import Btf

__all__ = ["ENUMS", "STRUCTS", "essential", "name_of", "text_of"]

ENUMS = (t.Enum, t.Enum64)
STRUCTS = (t.Struct, t.Union)

_KEYWORDS = {t.Struct: "struct ", t.Union: "union ", t.Enum: "enum ", t.Enum64: "enum "}


def essential(name: str) -> str:
    """The name without its flavour.

    >>> essential("task_struct___v2"), essential("___x"), essential("a___"), essential("a____b")
    ('task_struct', '___x', 'a___', 'a____b')
    """
    # The last three underscores, neither more nor fewer, between other characters.
    end = len(name)
    while (at := name.rfind("___", 1, end)) > 0:
        if name[at - 1] != "_" and name[at + 3 : at + 4] not in ("", "_"):
            return name[:at]
        end = at + 2
    return name


def name_of(record: t.Type) -> str:
    """A type's own name; empty for what has none."""
    return getattr(record, "name", "")


def text_of(btf: Btf, type_id: int) -> str:
    """A type as C names it: ``struct task_struct``.

    >>> from rawbpf.btf.btf import Btf
    >>> from rawbpf.btf.encode import BtfBuilder
    >>> b = BtfBuilder()
    >>> text_of(Btf(b.encode()), 0)
    'void'
    """
    record = btf[type_id]
    if isinstance(record, t.Void):
        return "void"
    if isinstance(record, t.Fwd):
        return f"{'union' if record.is_union else 'struct'} {record.name}"
    return _KEYWORDS.get(type(record), "") + (name_of(record) or "(anonymous)")
