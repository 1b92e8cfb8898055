"""Instruction forms, which describe an instruction as bits and as text in both dialects.

All forms are listed in the tables `value_forms.py`, `memory_forms.py` and `jump_forms.py`. The
decoder, the formatter, the parser and the reference page are all derived from these tables.

An instruction's text is described by a pattern. In a pattern, ``{field:kind}`` stands for an
operand, and everything else is literal text:

    {dst:w} += {imm:w32}            add32 {dst:r}, {imm:w32}

Fields that a pattern does not mention are fixed: zero, unless the form specifies another value.

>>> [str(part) for part in parts("{dst:w} += {imm:w32}")]
['{dst:w}', ' += ', '{imm:w32}']
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

__all__ = ["Form", "Placeholder", "parts"]


class Form(NamedTuple):
    """An instruction form, which is a row of the tables.

    ``c`` and ``mnemonic`` are the patterns for the two dialects. ``w`` is the C-like pattern with w
    registers, if LLVM has used one since cpu v3; ``also`` lists patterns that the parser accepts
    but the formatter never writes. ``src``, ``off`` and ``imm`` are the values of fields that the
    patterns do not mention. ``cpu`` is LLVM's name for the instruction set version (``-mcpu=v4``),
    and ``kernel`` is the first kernel version that supports the form.
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
        """The mnemonic without operands, such as "add32" or "lock fetch_add"."""
        return self.mnemonic.partition("{")[0].partition("[")[0].strip()

    def shows(self, field: str) -> bool:
        """Return whether ``field`` is an operand of this form."""
        return f"{{{field}:" in self.c


class Placeholder(NamedTuple):
    """An operand in a pattern: the field that holds its value, and its kind."""

    field: str
    kind: str

    def __str__(self) -> str:
        return f"{{{self.field}:{self.kind}}}"


_PLACEHOLDER = re.compile(r"\{(\w+):(\w+)\}")


@cache
def parts(pattern: str) -> tuple[str | Placeholder, ...]:
    """Split a pattern into literal text and operands, in order."""
    found: list[str | Placeholder] = []
    at = 0
    for match in _PLACEHOLDER.finditer(pattern):
        if match.start() > at:
            found.append(pattern[at : match.start()])
        found.append(Placeholder(match[1], match[2]))
        at = match.end()
    return (*found, pattern[at:]) if at < len(pattern) else tuple(found)
