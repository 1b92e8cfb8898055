"""A form: one shape of instruction, with its bits, its text in both dialects, and its history.

The tables (`forms_*.py`) list every form there is. From them come the decoder's idea of what is
valid, the formatter, the parser and the reference page; there is no second list.

A text is a pattern. ``{field:kind}`` stands for an operand, all else for itself:

    {dst:w} += {imm:w32}            add32 {dst:r}, {imm:w32}

Fields that a pattern does not show are fixed: zero, unless the form says otherwise.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Form"]


class Form(NamedTuple):
    """One row of the tables.

    ``c`` and ``mnemonic`` are the spellings that are written. ``w`` is the C-like spelling with w
    registers where LLVM has it for cpu v3 and up; ``also`` are spellings that are read only.
    ``src``, ``off``, ``imm`` are the fixed values of fields that no pattern shows. ``cpu`` is
    LLVM's name for the generation, ``kernel`` the first Linux that accepts it.
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
        """The first words of its mnemonic: "add32", "lock fetch_add"."""
        return self.mnemonic.partition("{")[0].partition("[")[0].strip()

    def shows(self, field: str) -> bool:
        """Whether ``field`` is an operand."""
        return f"{{{field}:" in self.c
