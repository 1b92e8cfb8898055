"""Rows of facts about objects, as lines for people and for programs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rawbpf.output.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["date", "show"]


def show(
    rows: list[dict[str, Any]],
    arguments: dict[str, Any],
    listed: Callable[[list[dict[str, Any]]], Iterable[str]],
) -> Iterable[str]:
    """An object a line with ``--json``; for ``list`` what ``listed`` makes; else all facts."""
    if arguments["--json"]:
        from json import dumps

        return map(dumps, rows)
    return listed(rows) if arguments["list"] else sheet(rows)


def sheet(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    r"""One fact a line, an empty line between two objects; what is not known is left out.

    >>> print(*sheet([{"id": 7, "name": "hits", "btf_id": None, "map_ids": [1, 2]}]), sep="\n")
    id       7
    name     hits
    map_ids  1 2
    """
    for number, row in enumerate(rows):
        if number:
            yield ""
        known = {
            name: date(value) if name == "loaded_at" else _text(value)
            for name, value in row.items()
        }
        shown = {name: text for name, text in known.items() if text}
        width = max(map(len, shown))
        for name, text in shown.items():
            yield f"{name:<{width}}  {text}"


def date(seconds: int) -> str:
    """A time of day, here, from seconds since 1970."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _text(value: Any) -> str:  # noqa: ANN401 -- a fact of any kind
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return " ".join(_text(one) for one in value)
    if isinstance(value, dict):  # a process
        return f"{printable(str(value['comm']))}({value['pid']})"
    return printable(str(value))
