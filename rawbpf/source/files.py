"""Reading text files without surprises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.tokens import Line
from rawbpf.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["lines_of", "read_text"]

_LARGEST_FILE = 1 << 26


def read_text(path: Path) -> str:
    """The text of a file, bytes that are no UTF-8 included. UsageError: it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}", why=error.strerror) from None
    if len(data) > _LARGEST_FILE:
        raise UsageError(f"cannot read {path}", why="it has more than 64 MiB")
    return data.decode(errors="surrogateescape")


def lines_of(text: str, file: str) -> Iterator[Line]:
    """The lines, numbered from 1. Only a newline ends a line, as in editors."""
    for number, line in enumerate(text.split("\n"), 1):
        yield Line(file, number, line.rstrip("\r"))
