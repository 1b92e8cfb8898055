"""bpf(2) and links: what attaches, and is detached by closing its descriptor."""

from __future__ import annotations

import array
import ctypes
import os
from typing import TYPE_CHECKING

from rawbpf.syscall.attr import Attr
from rawbpf.syscall.bpf import command
from rawbpf.syscall.fd import Fd
from rawbpf.uapi.bpf import bpf_attach_type, bpf_cmd
from rawbpf.uapi.bpf_attr import (
    BpfAttrIterCreate,
    BpfAttrLinkCreate,
    BpfAttrLinkCreateKprobeMulti,
    BpfAttrLinkCreateUprobeMulti,
    BpfAttrRawTracepoint,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "ITER",
    "iter_create",
    "link_create",
    "link_create_kprobe_multi",
    "link_create_uprobe_multi",
    "raw_tracepoint_open",
]

ITER = bpf_attach_type.BPF_TRACE_ITER
_BPF_F_KPROBE_MULTI_RETURN = 1
_BPF_F_UPROBE_MULTI_RETURN = 1


def link_create(prog_fd: int, target: int, attach_type: int, label: str) -> Fd:
    """BPF_LINK_CREATE (5.7) of a program to a cgroup's descriptor or an interface's index.

    Errors: EINVAL (the kernel has no such link), EBUSY (one is there), EPERM.
    """
    struct = BpfAttrLinkCreate(prog_fd=prog_fd, target_fd=target, attach_type=attach_type)
    attr = Attr(struct).ends_at("flags")
    return Fd(command(bpf_cmd.BPF_LINK_CREATE, attr), f"link:{label}")


def raw_tracepoint_open(prog_fd: int, name: str | None) -> Fd:
    """BPF_RAW_TRACEPOINT_OPEN (4.17); without a name, of what the program was verified for (5.5).

    Errors: ENOENT (no such tracepoint), EINVAL (the program is of another kind), EBUSY.
    """
    attr = Attr(BpfAttrRawTracepoint(prog_fd=prog_fd))
    if name is not None:
        attr.point("name", name.encode() + b"\0")
    return Fd(command(bpf_cmd.BPF_RAW_TRACEPOINT_OPEN, attr.ends_at("prog_fd")), f"link:{name}")


def iter_create(link_fd: int) -> Fd:
    """BPF_ITER_CREATE (5.8): a descriptor to read; each read runs the link's program."""
    attr = Attr(BpfAttrIterCreate(link_fd=link_fd))
    return Fd(command(bpf_cmd.BPF_ITER_CREATE, attr), "iter")


def link_create_kprobe_multi(
    prog_fd: int, functions: Sequence[str], attach_type: int, *, retprobe: bool = False
) -> Fd:
    """BPF_LINK_CREATE on many functions' entries or returns (5.18), or on both (session: 6.10).

    Errors: EINVAL (an older kernel, or a program not loaded for ``attach_type``), ESRCH (one of the
    names is not a function that ftrace knows), EOPNOTSUPP (built without CONFIG_FPROBE).
    """
    names = [ctypes.create_string_buffer(function.encode()) for function in functions]
    struct = BpfAttrLinkCreateKprobeMulti(
        prog_fd=prog_fd,
        attach_type=attach_type,
        multi_flags=_BPF_F_KPROBE_MULTI_RETURN if retprobe else 0,
        cnt=len(names),
    )
    attr = Attr(struct).point("syms", _u64s(map(ctypes.addressof, names)))
    return Fd(command(bpf_cmd.BPF_LINK_CREATE, attr), "link:kprobe_multi")


def link_create_uprobe_multi(
    prog_fd: int,
    path: str,
    offsets: Sequence[int],
    attach_type: int,
    *,
    retprobe: bool = False,
    pid: int = 0,
) -> Fd:
    """BPF_LINK_CREATE on places in a file, ``offsets`` in bytes (6.6; session: 6.13).

    Errors: EINVAL (an older kernel, or a program not loaded for ``attach_type``), EBADF (``path``
    is no regular file), ENOENT, ESRCH (there is no process ``pid``), E2BIG (over 2^20 places).
    """
    struct = BpfAttrLinkCreateUprobeMulti(
        prog_fd=prog_fd,
        attach_type=attach_type,
        multi_flags=_BPF_F_UPROBE_MULTI_RETURN if retprobe else 0,
        cnt=len(offsets),
        pid=pid,
    )
    attr = Attr(struct).point("path", os.fsencode(path) + b"\0").point("offsets", _u64s(offsets))
    return Fd(command(bpf_cmd.BPF_LINK_CREATE, attr.ends_at("pid")), "link:uprobe_multi")


def _u64s(numbers: Iterable[int]) -> bytes:
    return array.array("Q", numbers).tobytes()
