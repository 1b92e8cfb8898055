"""BPF_OBJ_GET_INFO_BY_FD of a link (5.8): the head, then the part that its type says.

Two calls. The first tells the type and nothing that needs a buffer. For the second, where a name is
to be had, the address of a buffer is put where that type has it. A kernel older than a part leaves
it zero.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from rawbpf.syscall.bpf import obj_get_info
from rawbpf.uapi import bpf_link_info as u
from rawbpf.uapi.bpf import bpf_link_type
from rawbpf.uapi.link_parts import NAMES, PARTS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LinkPart", "link_info"]

LinkPart = dict[str, int | str | bool]

_LONGEST_NAME = 4096  # PATH_MAX, of a uprobe's file
_RETURN = 1  # BPF_F_KPROBE_MULTI_RETURN, BPF_F_UPROBE_MULTI_RETURN

_UPROBES, _KPROBES, _TRACEPOINT, _EVENT = (1, 2), (3, 4), 5, 6
"""enum bpf_perf_event_type; the second of each pair is the return."""


def link_info(fd: int) -> tuple[u.BpfLinkInfo, LinkPart]:
    """The head and the part. Errors: EINVAL (this is no link)."""
    info = obj_get_info(fd, u.BpfLinkInfo())
    kind, name = PARTS.get(info.type, u.BpfLinkInfo), b""
    unknown = info.type == bpf_link_type.BPF_LINK_TYPE_PERF_EVENT and not _perf_type(info)
    if kind in NAMES and not unknown:
        address, length = NAMES[kind]
        buffer = ctypes.create_string_buffer(_LONGEST_NAME)
        info = u.BpfLinkInfo()
        asked = kind.from_buffer(info)
        setattr(asked, address, ctypes.addressof(buffer))
        setattr(asked, length, len(buffer))
        info, name = obj_get_info(fd, info), buffer.value
    read = _READERS.get(info.type)
    return info, {} if read is None else read(info, name.decode(errors="backslashreplace"))


def _perf_type(info: u.BpfLinkInfo) -> int:
    return int(u.BpfLinkInfoPerfEvent.from_buffer(info).type)


def _numbers(*names: str) -> Callable[[u.BpfLinkInfo, str], LinkPart]:
    def read(info: u.BpfLinkInfo, _name: str) -> LinkPart:
        part = PARTS[info.type].from_buffer(info)
        return {name: int(getattr(part, name)) for name in names}

    return read


def _raw_tracepoint(_info: u.BpfLinkInfo, name: str) -> LinkPart:
    return {"tp_name": name}


def _iter(info: u.BpfLinkInfo, name: str) -> LinkPart:
    part: LinkPart = {"target_name": name} if name else {}
    if name.startswith("bpf_map_elem") or name == "bpf_sk_storage_map":
        part["map_id"] = int(u.BpfLinkInfoIter.from_buffer(info).map_id)
    return part


def _kprobe_multi(info: u.BpfLinkInfo, _name: str) -> LinkPart:
    part = u.BpfLinkInfoKprobeMulti.from_buffer(info)
    if not part.count:  # before 6.6
        return {}
    return {
        "func_cnt": int(part.count),
        "retprobe": bool(part.flags & _RETURN),
        "missed": int(part.missed),
    }


def _uprobe_multi(info: u.BpfLinkInfo, name: str) -> LinkPart:
    part = u.BpfLinkInfoUprobeMulti.from_buffer(info)
    if not part.count:  # before 6.8
        return {}
    return {
        "path": name,
        "func_cnt": int(part.count),
        "retprobe": bool(part.flags & _RETURN),
        "pid": int(part.pid),
    }


def _perf_event(info: u.BpfLinkInfo, name: str) -> LinkPart:
    kind = _perf_type(info)
    if kind in _KPROBES:
        kprobe = u.BpfLinkInfoPerfEventKprobe.from_buffer(info)
        part: LinkPart = {"event": "kprobe", "retprobe": kind == _KPROBES[1], "func_name": name}
        return part | {field: int(getattr(kprobe, field)) for field in ("offset", "addr", "missed")}
    if kind in _UPROBES:
        uprobe = u.BpfLinkInfoPerfEventUprobe.from_buffer(info)
        return {
            "event": "uprobe",
            "retprobe": kind == _UPROBES[1],
            "file_name": name,
            "offset": int(uprobe.offset),
        }
    if kind == _TRACEPOINT:
        return {"event": "tracepoint", "tp_name": name}
    if kind == _EVENT:
        event = u.BpfLinkInfoPerfEventEvent.from_buffer(info)
        return {"event": "event", "event_type": int(event.type), "config": int(event.config)}
    return {}


_DEVICE = _numbers("ifindex", "attach_type")
_READERS: dict[int, Callable[[u.BpfLinkInfo, str], LinkPart]] = {
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
