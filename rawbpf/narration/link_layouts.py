"""struct bpf_link_info as one structure for each type of link: the head, then that type's part.

``uapi.bpf_link_info`` has a reading for each part; who shows a whole wants both.

>>> whole = WHOLES[bpf_link_type.BPF_LINK_TYPE_XDP]
>>> [name for name, *_ in whole._fields_], whole.ifindex.offset
(['type', 'id', 'prog_id', '_hole', 'ifindex'], 16)
"""

from __future__ import annotations

import ctypes
from ctypes import Structure, c_uint32
from typing import Any

from rawbpf.uapi import bpf_link_info as u
from rawbpf.uapi.bpf import bpf_link_type

__all__ = ["NAMES", "WHOLES"]

_PARTS: dict[int, type[Structure]] = {
    bpf_link_type.BPF_LINK_TYPE_RAW_TRACEPOINT: u.BpfLinkInfoRawTracepoint,
    bpf_link_type.BPF_LINK_TYPE_TRACING: u.BpfLinkInfoTracing,
    bpf_link_type.BPF_LINK_TYPE_CGROUP: u.BpfLinkInfoCgroup,
    bpf_link_type.BPF_LINK_TYPE_ITER: u.BpfLinkInfoIter,
    bpf_link_type.BPF_LINK_TYPE_NETNS: u.BpfLinkInfoNetns,
    bpf_link_type.BPF_LINK_TYPE_XDP: u.BpfLinkInfoXdp,
    bpf_link_type.BPF_LINK_TYPE_TCX: u.BpfLinkInfoTcx,
    bpf_link_type.BPF_LINK_TYPE_NETKIT: u.BpfLinkInfoTcx,
    bpf_link_type.BPF_LINK_TYPE_STRUCT_OPS: u.BpfLinkInfoMap,
    bpf_link_type.BPF_LINK_TYPE_SOCKMAP: u.BpfLinkInfoMap,
    bpf_link_type.BPF_LINK_TYPE_NETFILTER: u.BpfLinkInfoNetfilter,
    bpf_link_type.BPF_LINK_TYPE_KPROBE_MULTI: u.BpfLinkInfoKprobeMulti,
    bpf_link_type.BPF_LINK_TYPE_UPROBE_MULTI: u.BpfLinkInfoUprobeMulti,
    bpf_link_type.BPF_LINK_TYPE_PERF_EVENT: u.BpfLinkInfoPerfEventKprobe,
}
"""Of a perf event the part of kprobes, whose name is where all of them have theirs."""

_PERF_HEAD = 24


def _whole(part: type[Structure]) -> type[Structure]:
    """The head and a part as one; ``origin``: field -> the structure that it is from."""
    (_, first, *_), *rest = part._fields_
    fields: list[Any] = list(u.BpfLinkInfo._fields_[:4])
    if isinstance(first, type) and ctypes.sizeof(first) == _PERF_HEAD:
        fields += [("event_type", c_uint32), ("_hole_2", c_uint32)]
    origin = {name: part for name, *_ in rest} | {
        name: u.BpfLinkInfo for name, *_ in u.BpfLinkInfo._fields_
    }
    name = f"{part.__name__}Whole"
    return type(name, (Structure,), {"_fields_": [*fields, *rest], "origin": origin})


WHOLES = {kind: _whole(part) for kind, part in _PARTS.items()}
"""Type of link -> the whole structure."""

_NAME_FIELDS = {
    u.BpfLinkInfoRawTracepoint: ("tp_name", "tp_name_len"),
    u.BpfLinkInfoIter: ("target_name", "target_name_len"),
    u.BpfLinkInfoUprobeMulti: ("path", "path_size"),
    u.BpfLinkInfoPerfEventKprobe: ("func_name", "name_len"),
}
NAMES = {whole: _NAME_FIELDS[_PARTS[kind]] for kind, whole in WHOLES.items()
         if _PARTS[kind] in _NAME_FIELDS}  # fmt: skip
"""Whole -> where the address of a buffer for a name is, and its length."""
