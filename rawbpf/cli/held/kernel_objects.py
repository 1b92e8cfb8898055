"""Code shared by `prog`, `map` and `link`: selecting kernel objects and printing their details.

An object is selected on the command line by

    12                 │ its ID
    hello_kprobe       │ its name, of which the kernel keeps the first 15 characters
    /sys/fs/bpf/hits   │ the path where it is pinned; anything with a slash is a path
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from rawbpf.errors import UsageError
from rawbpf.kernel.objects import KINDS, fd_facts, holders, open_all, open_id
from rawbpf.kernel.pins import open_pinned
from rawbpf.output.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rawbpf.kernel.perf_probes import PerfProbe
    from rawbpf.syscall.fd import Fd, Owner

__all__ = [
    "all_of",
    "date",
    "described",
    "holder_text",
    "memory",
    "named",
    "only",
    "show",
    "with_holders",
]

T = TypeVar("T", bound="Owner")

_NAME_LENGTH = 15


def all_of(kind: str, make: Callable[[Fd], T]) -> Iterator[T]:
    """Yield every object of a kind, closing each object before opening the next one."""
    for _, fd in open_all(kind):
        with make(fd) as one:
            yield one


def named(kind: str, text: str, make: Callable[[Fd], T], name: Callable[[T], str]) -> Iterator[T]:
    """Yield the object with the given ID or path, or all objects that have the given name.

    UsageError: none.
    """
    if text.isdecimal() and len(text) <= _NAME_LENGTH:
        with make(open_id(kind, int(text))) as one:
            yield one
        return
    if "/" in text:
        with make(open_pinned(text, kind)) as one:
            yield one
        return
    words, found = KINDS[kind].words, False
    for one in all_of(kind, make):
        if name(one) in (text, text[:_NAME_LENGTH]):
            found = True
            yield one
    if not found:
        raise UsageError(f"no {words} named {text!r}", fix=f"list them with `rawbpf {kind} list`")


@contextmanager
def only(
    kind: str,
    text: str,
    make: Callable[[Fd], T],
    name: Callable[[T], str],
    number: Callable[[T], int],
) -> Iterator[T]:
    """Open the selected object.

    Raises UsageError if no object, or more than one object, has this name.
    """
    ids = [number(one) for one in named(kind, text, make, name)]
    if len(ids) > 1:
        shown = ", ".join(map(str, ids[:8]))
        raise UsageError(
            f"{len(ids)} {KINDS[kind].words}s are named {text!r}", fix=f"specify an ID: {shown}"
        )
    with make(open_id(kind, ids[0]) if "/" not in text else open_pinned(text, kind)) as one:
        yield one


def memory(fd: int) -> int | None:
    """Return the number of bytes that the kernel charges to an object, or None if it is unknown."""
    text = fd_facts("self", fd).get("memlock", "")
    return int(text) if text.isdecimal() else None


def with_holders(kind: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each row, add the processes that have the row's object open."""
    found = holders(kind)
    return [row | {"pids": [one._asdict() for one in found.get(row["id"], ())]} for row in rows]


def described(probe: PerfProbe) -> dict[str, Any]:
    """Return a probe for a row of its program: what it is, and the process that holds it."""
    return {**probe.part, **probe.holder._asdict(), "fd": probe.fd, "probe": str(probe)}


def show(
    rows: list[dict[str, Any]],
    arguments: dict[str, Any],
    listed: Callable[[list[dict[str, Any]]], Iterable[str]],
) -> Iterable[str]:
    """Return JSON lines for ``--json``, the table ``listed`` for list, or all facts otherwise."""
    if arguments["--json"]:
        from json import dumps

        return map(dumps, rows)
    return listed(rows) if arguments["list"] else sheet(rows)


def sheet(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    r"""Yield one fact per line, omitting unknown facts, with an empty line between objects.

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
    """Format a time in seconds since 1970 as local time."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def holder_text(processes: list[dict[str, Any]]) -> str:
    """Format processes on one line.

    >>> holder_text([{"pid": 7, "comm": "bash"}, {"pid": 9, "comm": "cat"}])
    'bash(7) cat(9)'
    """
    return _text(processes)


def _text(value: Any) -> str:  # noqa: ANN401 -- a fact of any kind
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return " ".join(_text(one) for one in value)
    if isinstance(value, dict):  # a process, or a probe that a process holds
        holder = f"{printable(str(value['comm']))}({value['pid']})"
        return f"{printable(value['probe'])} by {holder}" if "probe" in value else holder
    return printable(str(value))
