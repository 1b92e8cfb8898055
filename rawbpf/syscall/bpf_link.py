"""bpf(2) for links: attach a program, and query the target of a link.

Closing the last descriptor of a link detaches the program, unless the link is pinned.

For a link, BPF_OBJ_GET_INFO_BY_FD (5.8) returns a header followed by a type-specific part. If the
type-specific part contains a name, two calls are necessary: the first call returns the type, and
the second call passes the address of a buffer in the field that this type uses for the name. A
kernel that does not support a type-specific part leaves its fields at 0.
"""

from __future__ import annotations

import array
import ctypes
import os

from rawbpf.light_typing import TYPE_CHECKING
from rawbpf.syscall.bpf import command, fill_info
from rawbpf.syscall.fd import Fd
from rawbpf.syscall.gate import Attr
from rawbpf.uapi.bpf import bpf_attach_type, bpf_cmd, bpf_link_type
from rawbpf.uapi.bpf_attr import BpfAttrLinkCreate
from rawbpf.uapi.bpf_link import (
    NAMES,
    PARTS,
    BpfAttrIterCreate,
    BpfAttrLinkCreateKprobeMulti,
    BpfAttrLinkCreateUprobeMulti,
    BpfAttrRawTracepoint,
    BpfAttrTaskFdQuery,
    BpfLinkInfo,
    BpfLinkInfoIter,
    BpfLinkInfoKprobeMulti,
    BpfLinkInfoPerfEvent,
    BpfLinkInfoPerfEventEvent,
    BpfLinkInfoPerfEventKprobe,
    BpfLinkInfoPerfEventUprobe,
    BpfLinkInfoUprobeMulti,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = [
    "ITER",
    "LinkPart",
    "iter_create",
    "link_create",
    "link_create_kprobe_multi",
    "link_create_uprobe_multi",
    "link_info",
    "raw_tracepoint_open",
    "task_fd_query",
]

ITER = bpf_attach_type.BPF_TRACE_ITER

LinkPart = dict[str, int | str | bool]
"""The fields in the type-specific part of a link's info, named as in struct bpf_link_info."""

_RETURN = 1  # BPF_F_KPROBE_MULTI_RETURN, BPF_F_UPROBE_MULTI_RETURN
_LONGEST_NAME = 4096  # PATH_MAX, for the path of the file with a uprobe

_WITH_MISSED = BpfLinkInfoPerfEventKprobe.missed.offset + 8
"""The size of struct bpf_link_info since 6.7, which introduced the count of misses.

In older kernels, a count of 0 would mean that it is unknown."""

_UPROBES, _KPROBES, _TRACEPOINT, _EVENT = (1, 2), (3, 4), 5, 6
"""enum bpf_perf_event_type. The second element of each pair is for the return probe."""


def link_create(prog_fd: int, target: int, attach_type: int, label: str) -> Fd:
    """Link a program to a cgroup, given by descriptor, or to an interface, given by index.

    The function calls BPF_LINK_CREATE (5.7). Raises KernelError with EINVAL (unknown link type),
    EBUSY (another program is attached) or EPERM.
    """
    struct = BpfAttrLinkCreate(prog_fd=prog_fd, target_fd=target, attach_type=attach_type)
    attr = Attr(struct).ends_at("flags")
    return Fd(command(bpf_cmd.BPF_LINK_CREATE, attr), f"link:{label}")


def raw_tracepoint_open(prog_fd: int, name: str | None) -> Fd:
    """Attach a program to a raw tracepoint or, without a name, to the target it was verified for.

    The function calls BPF_RAW_TRACEPOINT_OPEN (4.17, or 5.5 without a name). Raises KernelError
    with ENOENT (the tracepoint does not exist), EINVAL (wrong program type) or EBUSY.
    """
    attr = Attr(BpfAttrRawTracepoint(prog_fd=prog_fd))
    if name is not None:
        attr.point("name", name.encode() + b"\0")
    return Fd(command(bpf_cmd.BPF_RAW_TRACEPOINT_OPEN, attr.ends_at("prog_fd")), f"link:{name}")


def iter_create(link_fd: int) -> Fd:
    """Return a descriptor that runs an iterator's program when read (BPF_ITER_CREATE, 5.8)."""
    attr = Attr(BpfAttrIterCreate(link_fd=link_fd))
    return Fd(command(bpf_cmd.BPF_ITER_CREATE, attr), "iter")


def link_create_kprobe_multi(
    prog_fd: int,
    functions: Sequence[str],
    attach_type: int,
    *,
    retprobe: bool = False,
    cookie: int = 0,
) -> Fd:
    """Link a program to the entries or returns of functions (5.18), or to both (session: 6.10).

    Raises KernelError with EINVAL (the kernel is too old, or the program was not loaded for
    ``attach_type``), ESRCH (a name is not a function that ftrace can trace) or EOPNOTSUPP (the
    kernel was built without CONFIG_FPROBE).
    """
    names = [ctypes.create_string_buffer(function.encode()) for function in functions]
    struct = BpfAttrLinkCreateKprobeMulti(
        prog_fd=prog_fd,
        attach_type=attach_type,
        multi_flags=_RETURN if retprobe else 0,
        cnt=len(names),
    )
    attr = Attr(struct).point("syms", _u64s(map(ctypes.addressof, names)))
    if cookie:
        attr.point("cookies", _u64s([cookie] * len(names)))
    return Fd(command(bpf_cmd.BPF_LINK_CREATE, attr), "link:kprobe_multi")


def link_create_uprobe_multi(
    prog_fd: int,
    path: str,
    offsets: Sequence[int],
    attach_type: int,
    *,
    retprobe: bool = False,
    pid: int = 0,
    cookie: int = 0,
) -> Fd:
    """Link a program to instructions in a file, given by file ``offsets`` (6.6; session: 6.13).

    Raises KernelError with EINVAL (the kernel is too old, or the program was not loaded for
    ``attach_type``), EBADF (``path`` is not a regular file), ENOENT, ESRCH (process ``pid`` does
    not exist) or E2BIG (more than 2^20 offsets).
    """
    struct = BpfAttrLinkCreateUprobeMulti(
        prog_fd=prog_fd,
        attach_type=attach_type,
        multi_flags=_RETURN if retprobe else 0,
        cnt=len(offsets),
        pid=pid,
    )
    attr = Attr(struct).point("path", os.fsencode(path) + b"\0").point("offsets", _u64s(offsets))
    if cookie:
        attr.point("cookies", _u64s([cookie] * len(offsets)))
    return Fd(command(bpf_cmd.BPF_LINK_CREATE, attr.ends_at("pid")), "link:uprobe_multi")


def task_fd_query(pid: int, fd: int) -> tuple[BpfAttrTaskFdQuery, str]:
    """Return the program and the probe behind a perf event that a process has open (4.18).

    The text is the name of the probe's function, file or tracepoint.

    Raises KernelError with EOPNOTSUPP or ENOTSUPP (the event has no program, or is not a probe),
    ENOENT (no such process), EBADF, ENOSPC (the name is too long) or EPERM (CAP_SYS_ADMIN is
    missing).
    """
    name = ctypes.create_string_buffer(_LONGEST_NAME)
    struct = BpfAttrTaskFdQuery(
        pid=pid, fd=fd, buf=ctypes.addressof(name), buf_len=ctypes.sizeof(name)
    )
    attr = Attr(struct).ends_at("probe_addr")
    command(bpf_cmd.BPF_TASK_FD_QUERY, attr)
    return attr.struct, name.value.decode(errors="backslashreplace")


def _u64s(numbers: Iterable[int]) -> bytes:
    return array.array("Q", numbers).tobytes()


def link_info(fd: int) -> tuple[BpfLinkInfo, LinkPart]:
    """Return the header and the type-specific part of a link's info.

    Raises KernelError with EINVAL if the descriptor is not a link.
    """
    info = BpfLinkInfo()
    known = fill_info(fd, info)
    kind, name = PARTS.get(info.type, BpfLinkInfo), b""
    unknown = info.type == bpf_link_type.BPF_LINK_TYPE_PERF_EVENT and not _perf_type(info)
    if kind in NAMES and not unknown:
        address, length = NAMES[kind]
        buffer = ctypes.create_string_buffer(_LONGEST_NAME)
        info = BpfLinkInfo()
        asked = kind.from_buffer(info)
        setattr(asked, address, ctypes.addressof(buffer))
        setattr(asked, length, len(buffer))
        known, name = fill_info(fd, info), buffer.value
    read = _READERS.get(info.type)
    part = {} if read is None else read(info, name.decode(errors="backslashreplace"))
    if known < _WITH_MISSED:
        part.pop("missed", None)
    return info, part


def _perf_type(info: BpfLinkInfo) -> int:
    return int(BpfLinkInfoPerfEvent.from_buffer(info).type)


def _numbers(*names: str) -> Callable[[BpfLinkInfo, str], LinkPart]:
    def read(info: BpfLinkInfo, _name: str) -> LinkPart:
        part = PARTS[info.type].from_buffer(info)
        return {name: int(getattr(part, name)) for name in names}

    return read


def _raw_tracepoint(_info: BpfLinkInfo, name: str) -> LinkPart:
    return {"tp_name": name}


def _iter(info: BpfLinkInfo, name: str) -> LinkPart:
    part: LinkPart = {"target_name": name} if name else {}
    if name.startswith("bpf_map_elem") or name == "bpf_sk_storage_map":
        part["map_id"] = int(BpfLinkInfoIter.from_buffer(info).map_id)
    return part


def _kprobe_multi(info: BpfLinkInfo, _name: str) -> LinkPart:
    part = BpfLinkInfoKprobeMulti.from_buffer(info)
    if not part.count:  # before 6.6
        return {}
    return {
        "func_cnt": int(part.count),
        "retprobe": bool(part.flags & _RETURN),
        "missed": int(part.missed),
    }


def _uprobe_multi(info: BpfLinkInfo, name: str) -> LinkPart:
    part = BpfLinkInfoUprobeMulti.from_buffer(info)
    if not part.count:  # before 6.8
        return {}
    return {
        "path": name,
        "func_cnt": int(part.count),
        "retprobe": bool(part.flags & _RETURN),
        "pid": int(part.pid),
    }


def _perf_event(info: BpfLinkInfo, name: str) -> LinkPart:
    kind = _perf_type(info)
    if kind in _KPROBES:
        kprobe = BpfLinkInfoPerfEventKprobe.from_buffer(info)
        part: LinkPart = {"event": "kprobe", "retprobe": kind == _KPROBES[1], "func_name": name}
        return part | {field: int(getattr(kprobe, field)) for field in ("offset", "addr", "missed")}
    if kind in _UPROBES:
        uprobe = BpfLinkInfoPerfEventUprobe.from_buffer(info)
        return {
            "event": "uprobe",
            "retprobe": kind == _UPROBES[1],
            "file_name": name,
            "offset": int(uprobe.offset),
        }
    if kind == _TRACEPOINT:
        return {"event": "tracepoint", "tp_name": name}
    if kind == _EVENT:
        event = BpfLinkInfoPerfEventEvent.from_buffer(info)
        return {"event": "event", "event_type": int(event.type), "config": int(event.config)}
    return {}


_DEVICE = _numbers("ifindex", "attach_type")
_READERS: dict[int, Callable[[BpfLinkInfo, str], LinkPart]] = {
    bpf_link_type.BPF_LINK_TYPE_RAW_TRACEPOINT: _raw_tracepoint,
    bpf_link_type.BPF_LINK_TYPE_TRACING: _numbers("attach_type", "target_obj_id", "target_btf_id"),
    bpf_link_type.BPF_LINK_TYPE_CGROUP: _numbers("cgroup_id", "attach_type"),
    bpf_link_type.BPF_LINK_TYPE_ITER: _iter,
    bpf_link_type.BPF_LINK_TYPE_NETNS: _numbers("netns_ino", "attach_type"),
    bpf_link_type.BPF_LINK_TYPE_XDP: _numbers("ifindex"),
    bpf_link_type.BPF_LINK_TYPE_TCX: _DEVICE,
    bpf_link_type.BPF_LINK_TYPE_NETKIT: _DEVICE,
    bpf_link_type.BPF_LINK_TYPE_STRUCT_OPS: _numbers("map_id"),
    bpf_link_type.BPF_LINK_TYPE_SOCKMAP: _numbers("map_id"),
    bpf_link_type.BPF_LINK_TYPE_NETFILTER: _numbers("pf", "hooknum", "priority", "flags"),
    bpf_link_type.BPF_LINK_TYPE_KPROBE_MULTI: _kprobe_multi,
    bpf_link_type.BPF_LINK_TYPE_UPROBE_MULTI: _uprobe_multi,
    bpf_link_type.BPF_LINK_TYPE_PERF_EVENT: _perf_event,
}
