"""Which part of struct bpf_link_info a type of link has, and where a name is in it.

>>> part = PARTS[bpf_link_type.BPF_LINK_TYPE_ITER]
>>> part.__name__, NAMES[part]
('BpfLinkInfoIter', ('target_name', 'target_name_len'))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.uapi import bpf_link_info as u
from rawbpf.uapi.bpf import bpf_link_type

if TYPE_CHECKING:
    from ctypes import Structure

__all__ = ["NAMES", "PARTS"]

PARTS: dict[int, type[Structure]] = {
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

NAMES: dict[type[Structure], tuple[str, str]] = {
    u.BpfLinkInfoRawTracepoint: ("tp_name", "tp_name_len"),
    u.BpfLinkInfoIter: ("target_name", "target_name_len"),
    u.BpfLinkInfoUprobeMulti: ("path", "path_size"),
    u.BpfLinkInfoPerfEventKprobe: ("func_name", "name_len"),
}
"""Part -> the fields that take the address of a buffer for a name, and its length."""
