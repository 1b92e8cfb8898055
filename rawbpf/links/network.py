"""Programs that see packets, and those of cgroups. Where they go is no matter of their sections.

xdp        an interface, before the kernel has made a packet of the bytes (link: 5.9)
tcx        an interface, in and out (6.6)
cgroup     a folder of the cgroup file system: all processes in it (link: 5.7)
socket     one socket, as a filter (3.19)
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from rawbpf.errors import AttachError, KernelError
from rawbpf.links.attach_error import attach_error
from rawbpf.links.link import Link
from rawbpf.syscall import bpf_link
from rawbpf.syscall.fd import Fd
from rawbpf.uapi.bpf import bpf_attach_type

if TYPE_CHECKING:
    import socket

    from rawbpf.programs.program import Program

__all__ = ["attach_cgroup", "attach_interface", "attach_socket"]

_SOL_SOCKET, _SO_ATTACH_BPF = 1, 50  # <asm-generic/socket.h>


def attach_interface(program: Program, interface: str, attach_type: bpf_attach_type) -> Link:
    """Run the program on an interface's packets: BPF_XDP, BPF_TCX_INGRESS or BPF_TCX_EGRESS."""
    import socket  # most programs are on no interface, and do not pay for it

    try:
        index = socket.if_nametoindex(interface)
    except OSError:  # without an errno, before Python 3.14
        what = f"there is no interface {interface!r}"
        fix = "/sys/class/net lists them"
        raise AttachError(what, errno=errno.ENODEV, call="if_nametoindex", fix=fix) from None
    where = f"{attach_type.name.removeprefix('BPF_').lower()} of {interface}"
    return _create(program, index, attach_type, where)


def attach_cgroup(program: Program, path: str, attach_type: bpf_attach_type) -> Link:
    """Run the program for the processes in a cgroup (v2)."""
    try:
        folder = Fd(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), f"cgroup:{path}")
    except OSError as error:
        what = f"cannot open cgroup {path!r}"
        raise AttachError(what, errno=error.errno or 0, call="open", why=error.strerror) from None
    with folder:
        return _create(program, folder.fileno(), attach_type, f"cgroup {path}")


def attach_socket(program: Program, one: socket.socket) -> None:
    """Have a socket drop what the program returns 0 for. The socket keeps it."""
    number = program.fileno()
    try:
        one.setsockopt(_SOL_SOCKET, _SO_ATTACH_BPF, number)
    except OSError as error:
        raise attach_error("cannot attach to the socket", error, _CAUSES) from None


def _create(program: Program, target: int, attach_type: bpf_attach_type, where: str) -> Link:
    try:
        fd = bpf_link.link_create(program.fileno(), target, attach_type, where)
    except KernelError as error:
        older = error.errno == errno.EINVAL and attach_type in _TCX
        raise attach_error(
            f"cannot attach to {where}", error, _CAUSES, _BY_FILTER if older else None
        ) from None
    return Link(where, fd)


_TCX = (bpf_attach_type.BPF_TCX_INGRESS, bpf_attach_type.BPF_TCX_EGRESS)
_BY_FILTER = (
    "an older kernel takes it as a filter: `rawbpf load --pin DIR FILE`, then `tc qdisc add dev lo "
    "clsact` and `tc filter add dev lo ingress bpf da pinned DIR/NAME`"
)
_CAUSES = {
    errno.EINVAL: "this kernel has no such links (XDP: 5.9, tcx: 6.6), or the program is of "
    "another kind",
    errno.EBUSY: "another program is there already",
}
