"""bpf(2) and links: what attaches, and is detached by closing its descriptor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.syscall.attr import Attr
from rawbpf.syscall.bpf import command, link_create_kprobe_multi
from rawbpf.syscall.fd import Fd
from rawbpf.uapi.bpf import bpf_attach_type, bpf_cmd
from rawbpf.uapi.bpf_attr import (
    BpfAttrIterCreate,
    BpfAttrLinkCreate,
    BpfAttrRawTracepoint,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ITER", "iter_create", "kprobe_multi", "link_create", "raw_tracepoint_open"]

ITER = bpf_attach_type.BPF_TRACE_ITER
_BPF_F_KPROBE_MULTI_RETURN = 1


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


def kprobe_multi(prog_fd: int, functions: Sequence[str], *, retprobe: bool = False) -> Fd:
    """BPF_LINK_CREATE on many functions' entries or returns (5.18)."""
    kind = bpf_attach_type.BPF_TRACE_KPROBE_MULTI
    flags = _BPF_F_KPROBE_MULTI_RETURN if retprobe else 0
    return link_create_kprobe_multi(prog_fd, functions, kind, flags)
