"""What `prog`, `map` and `link` share: objects that the kernel holds, named on a command line.

12                  an id
hello_kprobe        a name; the kernel keeps its first 15 characters
/sys/fs/bpf/hits    where it is pinned: anything with a slash
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from rawbpf.errors import UsageError
from rawbpf.kernel.objects import KINDS, fd_facts, holders, open_all, open_id
from rawbpf.kernel.pins import open_pinned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rawbpf.syscall.fd import Fd
    from rawbpf.syscall.owner import Owner

__all__ = ["all_of", "memory", "named", "only", "with_holders"]

T = TypeVar("T", bound="Owner")

_NAME_LENGTH = 15


def all_of(kind: str, make: Callable[[Fd], T]) -> Iterator[T]:
    """Every object of a kind, each closed before the next one is opened."""
    for _, fd in open_all(kind):
        with make(fd) as one:
            yield one


def named(kind: str, text: str, make: Callable[[Fd], T], name: Callable[[T], str]) -> Iterator[T]:
    """The objects that are meant: one by id or path, one or more by name. UsageError: none."""
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
        raise UsageError(
            f"there is no {words} named {text!r}", fix=f"`rawbpf {kind} list` shows which there are"
        )


@contextmanager
def only(
    kind: str,
    text: str,
    make: Callable[[Fd], T],
    name: Callable[[T], str],
    number: Callable[[T], int],
) -> Iterator[T]:
    """The one object that is meant. UsageError: several have this name."""
    ids = [number(one) for one in named(kind, text, make, name)]
    if len(ids) > 1:
        shown = ", ".join(map(str, ids[:8]))
        raise UsageError(
            f"{len(ids)} {KINDS[kind].words}s are named {text!r}", fix=f"give an id: {shown}"
        )
    with make(open_id(kind, ids[0]) if "/" not in text else open_pinned(text, kind)) as one:
        yield one


def memory(fd: int) -> int | None:
    """Bytes that the kernel counts for it; None if it does not tell."""
    text = fd_facts("self", fd).get("memlock", "")
    return int(text) if text.isdecimal() else None


def with_holders(kind: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each row, which has an ``id``, with the processes that hold the object."""
    found = holders(kind)
    return [row | {"pids": [one._asdict() for one in found.get(row["id"], ())]} for row in rows]
