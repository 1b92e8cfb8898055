"""Attach programs to network interfaces, cgroups and sockets.

Programs can be attached to these targets:

    xdp        │ an interface; runs before the kernel allocates an sk_buff (link: 5.9)
    tc         │ an interface, ingress or egress (tcx link: 6.6)
    cgroup     │ a directory of cgroup v2; applies to all processes in it (link: 5.7)
    socket     │ one socket, as a filter (3.19); no link
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from rawbpf.errors import AttachError, KernelError, UsageError
from rawbpf.links.diagnose import attach_error
from rawbpf.links.link import Link
from rawbpf.specs.program_spec import ProbeKind
from rawbpf.syscall import bpf_link
from rawbpf.syscall.fd import Fd
from rawbpf.uapi.bpf import bpf_attach_type

if TYPE_CHECKING:
    import socket

    from rawbpf.programs.program import Program
    from rawbpf.specs.program_spec import ProbeSpec

__all__ = ["attach_network", "attach_socket"]

_SOL_SOCKET, _SO_ATTACH_BPF = 1, 50  # <asm-generic/socket.h>


def attach_network(program: Program, probe: ProbeSpec) -> Link:
    """Attach to an interface (XDP, tc) or to a cgroup, using the probe's attach type."""
    if probe.attach_type is None:
        raise UsageError(f"probe {probe} has no attach type", fix="set attach_type")
    if probe.kind is ProbeKind.CGROUP:
        return _cgroup(program, probe, probe.attach_type)
    return _interface(program, probe, probe.attach_type)


def _interface(program: Program, probe: ProbeSpec, attach_type: bpf_attach_type) -> Link:
    import socket  # imported here to keep start-up fast for programs that do not need it

    try:
        index = socket.if_nametoindex(probe.target)
    except OSError:  # errno is not set before Python 3.14
        what = f"no interface {probe.target!r}"
        fix = "list the interfaces with `ls /sys/class/net`"
        raise AttachError(what, errno=errno.ENODEV, call="if_nametoindex", fix=fix) from None
    return _create(program, probe, index, attach_type)


def _cgroup(program: Program, probe: ProbeSpec, attach_type: bpf_attach_type) -> Link:
    path = probe.target
    try:
        folder = Fd(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), f"cgroup:{path}")
    except OSError as error:
        what = f"cannot open cgroup {path!r}"
        raise AttachError(what, errno=error.errno or 0, call="open", why=error.strerror) from None
    with folder:
        return _create(program, probe, folder.fileno(), attach_type)


def attach_socket(program: Program, one: socket.socket) -> None:
    """Make a socket drop packets for which the program returns 0, until the socket is closed."""
    number = program.fileno()
    try:
        one.setsockopt(_SOL_SOCKET, _SO_ATTACH_BPF, number)
    except OSError as error:
        raise attach_error("cannot attach to the socket", error, _CAUSES) from None


def _create(program: Program, probe: ProbeSpec, target: int, attach_type: bpf_attach_type) -> Link:
    try:
        fd = bpf_link.link_create(program.fileno(), target, attach_type, str(probe))
    except KernelError as error:
        too_old = error.errno == errno.EINVAL and attach_type in _TCX
        fix = _WITH_TC if too_old else None
        raise attach_error(f"cannot attach to {probe}", error, _CAUSES, fix) from None
    return Link(str(probe), fd)


_TCX = (bpf_attach_type.BPF_TCX_INGRESS, bpf_attach_type.BPF_TCX_EGRESS)
_WITH_TC = (
    "before 6.6, attach the program as a tc filter: `rawbpf load --pin DIR FILE`, then `tc "
    "qdisc add dev lo clsact` and `tc filter add dev lo ingress bpf da pinned DIR/NAME`"
)
_CAUSES = {
    errno.EINVAL: (
        "this kernel does not support links for this attach type (XDP needs 5.9, tc 6.6), "
        "or the program has a different type"
    ),
    errno.EBUSY: "another program is already attached",
}
