"""A text as lines, for the assembler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.tokens import Line

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["lines_of"]


def lines_of(text: str, file: str) -> Iterator[Line]:
    """The lines, numbered from 1. Only a newline ends a line, as in editors."""
    for number, line in enumerate(text.split("\n"), 1):
        yield Line(file, number, line.rstrip("\r"))
