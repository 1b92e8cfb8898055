"""A form's pattern cut into its parts, once, for the formatter and for the grammar.

>>> [str(part) for part in parts("{dst:w} += {imm:w32}")]
['{dst:w}', ' += ', '{imm:w32}']
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

__all__ = ["Slot", "parts"]


class Slot(NamedTuple):
    """An operand in a pattern: the instruction's field, and the kind of operand."""

    field: str
    kind: str

    def __str__(self) -> str:
        return f"{{{self.field}:{self.kind}}}"


_SLOT = re.compile(r"\{(\w+):(\w+)\}")


@cache
def parts(pattern: str) -> tuple[str | Slot, ...]:
    """Literal text and slots, in order."""
    found: list[str | Slot] = []
    at = 0
    for match in _SLOT.finditer(pattern):
        if match.start() > at:
            found.append(pattern[at : match.start()])
        found.append(Slot(match[1], match[2]))
        at = match.end()
    return (*found, pattern[at:]) if at < len(pattern) else tuple(found)
