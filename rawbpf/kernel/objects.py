r"""Access BPF objects by ID, and find the processes that have them open.

IDs are allocated sequentially and are not reused until the counter wraps. An object may be freed
between listing and opening it, so listing skips IDs that are gone. Opening an object by ID requires
CAP_SYS_ADMIN, because a descriptor gives access to other users' map contents.

/proc shows the type of each descriptor and the ID of the object that it refers to. Root can see the
descriptors of all users:

    /proc/812/fd/5      -> anon_inode:bpf-map
    /proc/812/fdinfo/5  map_type:\t1  ...  map_id:\t27  memlock:\t4096  frozen:\t0

Processes are not the only owners that keep an object alive. A name in the BPF file system also
keeps an object alive, a map keeps the maps and programs stored in it alive, a program keeps its
maps alive, and an attachment keeps its program alive.
"""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import KernelError
from rawbpf.kernel.call_error import call_error
from rawbpf.kernel.hardware import Root, at, read_text
from rawbpf.kernel.rights import missing_capabilities
from rawbpf.syscall.bpf_object import fd_by_id, ids
from rawbpf.uapi.bpf import bpf_cmd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.syscall.fd import Fd

__all__ = [
    "KINDS",
    "Holder",
    "ObjectKind",
    "fd_facts",
    "holders",
    "kind_of",
    "listing",
    "open_all",
    "open_id",
    "processes",
]


_NO_ID = 1 << 32
"""IDs are u32 and start at 1."""


class ObjectKind(NamedTuple):
    """A kind of object: its name in messages, and the commands that list and open such objects."""

    words: str
    next_id: bpf_cmd
    fd_by_id: bpf_cmd


KINDS = {
    "prog": ObjectKind("program", bpf_cmd.BPF_PROG_GET_NEXT_ID, bpf_cmd.BPF_PROG_GET_FD_BY_ID),
    "map": ObjectKind("map", bpf_cmd.BPF_MAP_GET_NEXT_ID, bpf_cmd.BPF_MAP_GET_FD_BY_ID),
    "link": ObjectKind("link", bpf_cmd.BPF_LINK_GET_NEXT_ID, bpf_cmd.BPF_LINK_GET_FD_BY_ID),
    "btf": ObjectKind("BTF", bpf_cmd.BPF_BTF_GET_NEXT_ID, bpf_cmd.BPF_BTF_GET_FD_BY_ID),
}
"""The kinds of objects, keyed by their names on the command line and in /proc."""


def open_id(kind: str, number: int) -> Fd:
    """Return a descriptor for the object with the given ID.

    Raises KernelError with ENOENT if the object does not exist, or with EPERM.
    """
    words, command = KINDS[kind].words, KINDS[kind].fd_by_id
    if not 0 < number < _NO_ID:  # larger numbers would be truncated to 32 bits in an attr
        raise _absent(kind, number, command.name)
    try:
        return fd_by_id(command, number)
    except KernelError as error:
        if error.errno == errno.ENOENT:
            raise _absent(kind, number, command.name) from None
        raise _denied(f"cannot open {words} {number}", error) from None


def _absent(kind: str, number: int, call: str) -> KernelError:
    return KernelError(
        f"no {KINDS[kind].words} with ID {number}",
        errno=errno.ENOENT,
        call=call,
        why="the object was freed, or never existed",
        fix=f"list the IDs with `rawbpf {kind} list`" if kind != "btf" else None,
    )


def open_all(kind: str) -> Iterator[tuple[int, Fd]]:
    """Yield the ID and a descriptor of every object of a kind.

    The caller must close the descriptors.
    """
    number = 0
    try:
        for number in ids(KINDS[kind].next_id):
            try:
                fd = fd_by_id(KINDS[kind].fd_by_id, number)
            except KernelError as error:
                if error.errno != errno.ENOENT:
                    raise
            else:
                yield number, fd
    except KernelError as error:
        raise _denied(f"cannot list {KINDS[kind].words}s", error) from None


def _denied(what: str, error: KernelError) -> KernelError:
    if error.errno == errno.EPERM and missing_capabilities(["CAP_SYS_ADMIN"]):
        why, fix = "opening objects by ID requires CAP_SYS_ADMIN", "run the command with sudo"
        return KernelError(what, errno=errno.EPERM, call=error.call, why=why, fix=fix)
    return call_error(what, error)


_ANON_INODE = re.compile(r"bpf[-_](map|prog|link)")


class Holder(NamedTuple):
    """A process that has an object open."""

    pid: int
    comm: str


def holders(kind: str, root: Root = "/") -> dict[int, list[Holder]]:
    """Return the processes that have each object open, keyed by object ID.

    ``kind``: "map", "prog" or "link".

    >>> holders("map", "/nonexistent")
    {}
    """
    found: dict[int, list[Holder]] = {}
    for pid in processes(root):
        numbers = set(_objects(kind, pid, root))
        if numbers:
            holder = Holder(pid, read_text(root, f"/proc/{pid}/comm") or "?")
            for number in numbers:
                found.setdefault(number, []).append(holder)
    return found


def processes(root: Root = "/") -> list[int]:
    """Return the IDs of all processes that /proc lists."""
    return sorted(map(int, filter(str.isdecimal, listing(at(root, "/proc")))))


def _objects(kind: str, pid: int, root: Root) -> Iterator[int]:
    """Yield the IDs of the objects of one kind that a process has open."""
    folder = at(root, f"/proc/{pid}/fd")
    for name in listing(folder):
        try:
            found = kind_of(os.path.join(folder, name))  # noqa: PTH118 -- see files.at
        except OSError:  # closed meanwhile
            continue
        if found == kind:
            number = fd_facts(pid, name, root).get(f"{kind}_id", "")
            if number.isdecimal():
                yield int(number)


def kind_of(path: str) -> str | None:
    """Return "map", "prog" or "link" for a path /proc/PID/fd/N, or None for other files."""
    found = _ANON_INODE.search(os.readlink(path))  # noqa: PTH115 -- see files.at
    return found[1] if found else None


def fd_facts(pid: int | str, fd: int | str, root: Root = "/") -> dict[str, str]:
    """Return the fields in a descriptor's fdinfo. ``pid`` may be "self"."""
    text = read_text(root, f"/proc/{pid}/fdinfo/{fd}") or ""
    lines = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in lines}


def listing(folder: str) -> list[str]:
    """Return the names in a folder, or an empty list if the folder cannot be read."""
    try:
        return os.listdir(folder)  # noqa: PTH208 -- see files.at
    except OSError:  # the process has ended or belongs to another user
        return []
