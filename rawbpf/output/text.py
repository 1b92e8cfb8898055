r"""Text from untrusted sources made safe to print, and tables.

A process may put escape sequences that clear a terminal or change its title into its name
(prctl(PR_SET_NAME) accepts any bytes), and the kernel passes them on. They are shown escaped.

>>> printable(b"evil\x1b[2J"), printable("tab\there"), printable(b"\xff")
('evil\\x1b[2J', 'tab\\there', '\\xff')
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

__all__ = [
    "letters",
    "printable",
    "table",
]


def printable(data: bytes | str) -> str:
    r"""Return one line without control characters; bytes that are not UTF-8 become ``\xNN``."""
    text = data.decode(errors="backslashreplace") if isinstance(data, bytes) else data
    if text.isprintable():
        return text
    # unicode_escape would also rewrite every letter beyond Latin-1, which is fine to print.
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )


def letters(data: bytes) -> str:
    r"""Return one character per byte, as beside a hex dump: a dot if it is not printable ASCII.

    >>> letters(b"ping\0\xff")
    'ping..'
    """
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)


def table(
    heads: Sequence[str], rows: Iterable[Sequence[object]], right: Collection[str] = ()
) -> Iterator[str]:
    """Format a line of headings and a line for each row; None becomes a dash.

    ``right``: the headings of the columns that are aligned to the right, such as numbers.

    >>> rows = [["hits", 4], ["forks_by_pid", None]]
    >>> for line in table(["NAME", "SIZE"], rows, right={"SIZE"}):
    ...     print(line)
    NAME          SIZE
    hits             4
    forks_by_pid     -
    """
    cells = [list(heads), *([_cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  ".join(
            cell.rjust(width) if head in right else cell.ljust(width)
            for head, cell, width in zip(heads, row, widths, strict=True)
        ).rstrip()


def _cell(value: object) -> str:
    return "-" if value is None else printable(str(value))
