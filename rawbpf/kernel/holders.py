r"""Which processes hold an object: /proc shows each descriptor, and what it is of.

    /proc/812/fd/5      -> anon_inode:bpf-map
    /proc/812/fdinfo/5  map_type:\t1  ...  map_id:\t27  memlock:\t4096  frozen:\t0

Not all that keeps an object is a process: a name in bpffs does, a map keeps what is in it, a
program keeps its maps, an attachment its program. Other people's descriptors take root to see.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.kernel.files import Root, at, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Holder", "fd_facts", "holders", "kind_of"]

_ANON_INODE = re.compile(r"bpf[-_](map|prog|link)")


class Holder(NamedTuple):
    """A process, by its id and its name."""

    pid: int
    comm: str


def holders(kind: str, root: Root = "/") -> dict[int, list[Holder]]:
    """Id of an object -> who holds it; ``kind``: "map", "prog" or "link".

    >>> holders("map", "/nonexistent")
    {}
    """
    found: dict[int, list[Holder]] = {}
    for pid in sorted(map(int, filter(str.isdecimal, _listing(at(root, "/proc"))))):
        numbers = set(_objects(kind, pid, root))
        if numbers:
            holder = Holder(pid, read_text(root, f"/proc/{pid}/comm") or "?")
            for number in numbers:
                found.setdefault(number, []).append(holder)
    return found


def _objects(kind: str, pid: int, root: Root) -> Iterator[int]:
    """The ids of this kind among a process's descriptors."""
    folder = at(root, f"/proc/{pid}/fd")
    for name in _listing(folder):
        try:
            found = kind_of(os.path.join(folder, name))  # noqa: PTH118 -- see files
        except OSError:  # closed meanwhile
            continue
        if found == kind:
            number = fd_facts(pid, name, root).get(f"{kind}_id", "")
            if number.isdecimal():
                yield int(number)


def kind_of(path: str) -> str | None:
    """What a descriptor below /proc is of: "map", "prog", "link", or None: nothing of bpf(2)'s."""
    found = _ANON_INODE.search(os.readlink(path))  # noqa: PTH115 -- see files
    return found[1] if found else None


def fd_facts(pid: int | str, fd: int | str, root: Root = "/") -> dict[str, str]:
    """What fdinfo says of a descriptor, by its words; ``pid`` may be "self"."""
    text = read_text(root, f"/proc/{pid}/fdinfo/{fd}") or ""
    lines = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in lines}


def _listing(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 -- see files.at
    except OSError:  # the process has ended, or is not ours to look at
        return []
