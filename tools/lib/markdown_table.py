"""Format tables in Markdown."""

from collections.abc import Iterable

__all__ = ["table"]


def table(head: str, rows: Iterable[Iterable[object]]) -> str:
    """Return a Markdown table; ``head`` contains the column titles, separated by ``|``.

    >>> print(table("a | b", [(1, "x")]))
    | a | b |
    | --- | --- |
    | 1 | x |
    """
    columns = head.count("|") + 1
    lines = [f"| {head} |", "|" + " --- |" * columns]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])
