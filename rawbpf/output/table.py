"""Rows of text in columns.

>>> rows = [["hits", 4], ["forks_by_pid", None]]
>>> for line in table(["NAME", "SIZE"], rows, right={"SIZE"}):
...     print(line)
NAME          SIZE
hits             4
forks_by_pid     -
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.output.escape import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

__all__ = ["table"]


def table(
    heads: Sequence[str], rows: Iterable[Sequence[object]], right: Collection[str] = ()
) -> Iterator[str]:
    """A line of headings and one for each row. None is a dash; ``right``: columns of numbers."""
    cells = [list(heads), *([_cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  ".join(
            cell.rjust(width) if head in right else cell.ljust(width)
            for head, cell, width in zip(heads, row, widths, strict=True)
        ).rstrip()


def _cell(value: object) -> str:
    return "-" if value is None else printable(str(value))
