"""Objects by their ids: all that the kernel holds, whoever made them.

Ids are given in turn and not used again until they have gone round. Between listing and opening an
object may go, so a list skips what is not there any more. Opening by id takes CAP_SYS_ADMIN: with a
descriptor one could write to other people's maps.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import KernelError
from rawbpf.kernel.call_error import call_error
from rawbpf.kernel.capabilities import missing_capabilities
from rawbpf.syscall.bpf_object import fd_by_id, ids
from rawbpf.uapi.bpf import bpf_cmd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.syscall.fd import Fd

__all__ = ["KINDS", "Kind", "open_all", "open_id"]


_NO_ID = 1 << 32
"""Ids are u32, from 1 on."""


class Kind(NamedTuple):
    """What people call it, and its commands."""

    words: str
    next_id: bpf_cmd
    fd_by_id: bpf_cmd


KINDS = {
    "prog": Kind("program", bpf_cmd.BPF_PROG_GET_NEXT_ID, bpf_cmd.BPF_PROG_GET_FD_BY_ID),
    "map": Kind("map", bpf_cmd.BPF_MAP_GET_NEXT_ID, bpf_cmd.BPF_MAP_GET_FD_BY_ID),
    "link": Kind("link", bpf_cmd.BPF_LINK_GET_NEXT_ID, bpf_cmd.BPF_LINK_GET_FD_BY_ID),
    "btf": Kind("BTF", bpf_cmd.BPF_BTF_GET_NEXT_ID, bpf_cmd.BPF_BTF_GET_FD_BY_ID),
}
"""By the word that the command line and /proc use."""


def open_id(kind: str, number: int) -> Fd:
    """A descriptor of the object with this id. Errors: ENOENT (gone, or never there), EPERM."""
    words, command = KINDS[kind].words, KINDS[kind].fd_by_id
    if not 0 < number < _NO_ID:  # an attr would cut it to 32 bits
        raise _absent(kind, number, command.name)
    try:
        return fd_by_id(command, number)
    except KernelError as error:
        if error.errno == errno.ENOENT:
            raise _absent(kind, number, command.name) from None
        raise _refused(f"cannot open {words} {number}", error) from None


def _absent(kind: str, number: int, call: str) -> KernelError:
    return KernelError(
        f"there is no {KINDS[kind].words} with id {number}",
        errno=errno.ENOENT,
        call=call,
        why="it has gone, or there never was one",
        fix=f"`rawbpf {kind} list` shows which there are" if kind != "btf" else None,
    )


def open_all(kind: str) -> Iterator[tuple[int, Fd]]:
    """Every object of a kind: its id and a descriptor, which is whoever receives it to close."""
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
        raise _refused(f"cannot list {KINDS[kind].words}s", error) from None


def _refused(what: str, error: KernelError) -> KernelError:
    if error.errno == errno.EPERM and missing_capabilities(["CAP_SYS_ADMIN"]):
        why, fix = "objects of others take CAP_SYS_ADMIN to open", "run it with sudo"
        return KernelError(what, errno=errno.EPERM, call=error.call, why=why, fix=fix)
    return call_error(what, error)
