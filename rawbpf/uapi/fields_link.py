"""The part of ``uapi.fields`` that is about struct bpf_link_info: a reading for each type of link.

>>> SPELLED[link.BpfLinkInfoIter, "map_id"]
'map.map_id'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.uapi import bpf_link_info as link

if TYPE_CHECKING:
    from ctypes import Structure

__all__ = ["ADDED", "SPELLED", "STRUCTS"]

_LINK = "struct bpf_link_info"

STRUCTS: dict[type[Structure], tuple[str, str]] = {
    link.BpfLinkInfo: (_LINK, ""),
    link.BpfLinkInfoRawTracepoint: (_LINK, "raw_tracepoint."),
    link.BpfLinkInfoTracing: (_LINK, "tracing."),
    link.BpfLinkInfoCgroup: (_LINK, "cgroup."),
    link.BpfLinkInfoIter: (_LINK, "iter."),
    link.BpfLinkInfoNetns: (_LINK, "netns."),
    link.BpfLinkInfoXdp: (_LINK, "xdp."),
    link.BpfLinkInfoTcx: (_LINK, "tcx."),
    link.BpfLinkInfoMap: (_LINK, "struct_ops."),
    link.BpfLinkInfoNetfilter: (_LINK, "netfilter."),
    link.BpfLinkInfoKprobeMulti: (_LINK, "kprobe_multi."),
    link.BpfLinkInfoUprobeMulti: (_LINK, "uprobe_multi."),
    link.BpfLinkInfoPerfEvent: (_LINK, "perf_event."),
    link.BpfLinkInfoPerfEventUprobe: (_LINK, "perf_event.uprobe."),
    link.BpfLinkInfoPerfEventKprobe: (_LINK, "perf_event.kprobe."),
    link.BpfLinkInfoPerfEventTracepoint: (_LINK, "perf_event.tracepoint."),
    link.BpfLinkInfoPerfEventEvent: (_LINK, "perf_event.event."),
}

SPELLED: dict[tuple[type[Structure], str], str] = {
    (link.BpfLinkInfoIter, "map_id"): "map.map_id",
}

ADDED: dict[type[Structure], dict[tuple[int, int], str]] = {
    link.BpfLinkInfo: {(5, 8): "type id prog_id"},
    link.BpfLinkInfoRawTracepoint: {(5, 8): "tp_name tp_name_len"},
    link.BpfLinkInfoTracing: {(5, 8): "attach_type", (5, 13): "target_obj_id target_btf_id"},
    link.BpfLinkInfoCgroup: {(5, 8): "cgroup_id attach_type"},
    link.BpfLinkInfoIter: {(5, 10): "target_name target_name_len map_id"},
    link.BpfLinkInfoNetns: {(5, 8): "netns_ino attach_type"},
    link.BpfLinkInfoXdp: {(5, 9): "ifindex"},
    link.BpfLinkInfoTcx: {(6, 6): "ifindex attach_type"},
    link.BpfLinkInfoMap: {(6, 4): "map_id"},
    link.BpfLinkInfoNetfilter: {(6, 4): "pf hooknum priority flags"},
    link.BpfLinkInfoKprobeMulti: {(6, 6): "addrs count flags", (6, 7): "missed"},
    link.BpfLinkInfoUprobeMulti: {
        (6, 8): "path offsets ref_ctr_offsets cookies path_size count flags pid",
    },
    link.BpfLinkInfoPerfEvent: {(6, 6): "type"},
    link.BpfLinkInfoPerfEventUprobe: {(6, 6): "file_name name_len offset"},
    link.BpfLinkInfoPerfEventKprobe: {
        (6, 6): "func_name name_len offset addr",
        (6, 7): "missed",
    },
    link.BpfLinkInfoPerfEventTracepoint: {(6, 6): "tp_name name_len"},
    link.BpfLinkInfoPerfEventEvent: {(6, 6): "config type"},
}
