"""Forms: what an instruction looks like, as bits and as text in both dialects.

The tables (`value_forms.py`, `memory_forms.py`, `jump_forms.py`) list all forms. The decoder, the
formatter, the parser and the reference page are derived from them; there is no second list.

Text is described by a pattern. ``{field:kind}`` stands for an operand, all else is literal:

    {dst:w} += {imm:w32}            add32 {dst:r}, {imm:w32}

Fields that a pattern does not show are fixed: zero, unless the form says otherwise.

>>> [str(part) for part in parts("{dst:w} += {imm:w32}")]
['{dst:w}', ' += ', '{imm:w32}']
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

__all__ = ["Form", "Placeholder", "parts"]


class Form(NamedTuple):
    """One row of the tables.

    ``c`` and ``mnemonic`` are the spellings in the two dialects. ``w`` is the C-like spelling with
    w registers, if LLVM uses one since cpu v3; ``also`` lists spellings that are read but never
    written. ``src``, ``off`` and ``imm`` are the values of fields that no pattern shows. ``cpu`` is
    LLVM's name of the generation (``-mcpu=v4``), ``kernel`` the first version that supports it.
    """

    opcode: int
    c: str
    mnemonic: str
    meaning: str
    cpu: int = 1
    kernel: str = "3.18"
    w: str = ""
    also: tuple[str, ...] = ()
    src: int = 0
    off: int = 0
    imm: int = 0

    @property
    def name(self) -> str:
        """The mnemonic without operands: "add32", "lock fetch_add"."""
        return self.mnemonic.partition("{")[0].partition("[")[0].strip()

    def shows(self, field: str) -> bool:
        """Return whether ``field`` is an operand."""
        return f"{{{field}:" in self.c


class Placeholder(NamedTuple):
    """An operand in a pattern: the field that holds it, and the kind of operand."""

    field: str
    kind: str

    def __str__(self) -> str:
        return f"{{{self.field}:{self.kind}}}"


_PLACEHOLDER = re.compile(r"\{(\w+):(\w+)\}")


@cache
def parts(pattern: str) -> tuple[str | Placeholder, ...]:
    """Return the literal text and the operands of a pattern, in order."""
    found: list[str | Placeholder] = []
    at = 0
    for match in _PLACEHOLDER.finditer(pattern):
        if match.start() > at:
            found.append(pattern[at : match.start()])
        found.append(Placeholder(match[1], match[2]))
        at = match.end()
    return (*found, pattern[at:]) if at < len(pattern) else tuple(found)
