"""Format many records in one operation, using a column of values for each field.

One ``%`` operation over a block of records takes a third of the time of formatting them one by one,
because the interpreter runs once per block and column instead of once per record and field.

>>> format_columns("%d: %s;", [[1, 2], ["one", "two"]])
'1: one;2: two;'
"""

from __future__ import annotations

from rawbpf.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

__all__ = ["BLOCK", "Cache", "format_columns", "literal"]

BLOCK = 512
"""Records per block. Larger blocks are hardly faster but need more memory."""

_MOST_CACHED = 1 << 11


def format_columns(one: str, columns: Sequence[Sequence[Any]]) -> str:
    """Format each row of ``columns`` with the %-format ``one``, and join the results."""
    count, width = len(columns[0]), len(columns)
    flat: list[Any] = [None] * (count * width)
    for number, column in enumerate(columns):
        flat[number::width] = column
    return one * count % tuple(flat)


def literal(text: str) -> str:
    """Escape text for use in a %-format."""
    return text.replace("%", "%%")


class Cache(dict[object, str]):
    """Caches the text for each value, such as a process name, up to a maximum number of values."""

    def __init__(self, make: Callable[[Any], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, value: object) -> str:
        if len(self) >= _MOST_CACHED:
            self.clear()
        text = self[value] = self._make(value)
        return text
