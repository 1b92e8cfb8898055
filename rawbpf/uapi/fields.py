"""The C names of structures and fields, and the kernel version that added each field.

union bpf_attr has been extended for ten years. The size passed with an attr must not extend past
the fields that the kernel knows. Sources: the history of include/uapi/linux/bpf.h and perf_event.h.
Tests compare names, offsets and sizes with the C headers, and presence with the BTF of every guest
kernel: each field must exist from its version on, and not before. Versions before 5.10 are not
tested.

>>> since(bpf_attr.BpfAttrMapCreate, "map_name"), since(bpf_attr.BpfAttrProgLoad, "log_true_size")
((4, 15), (6, 4))
>>> c_name(bpf_attr.BpfAttrTestRun, "repeat"), c_name(bpf_attr.BpfAttrLinkCreate, "bpf_cookie")
('test.repeat', 'link_create.perf_event.bpf_cookie')
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.uapi import bpf_attr, bpf_link, perf_event

if TYPE_CHECKING:
    from ctypes import Structure

__all__ = [
    "ADDED",
    "SPELLED",
    "STRUCTS",
    "c_name",
    "since",
]

_ATTR = "union bpf_attr"
_LINK = "struct bpf_link_info"

STRUCTS: dict[type[Structure], tuple[str, str]] = {
    bpf_attr.BpfAttrMapCreate: (_ATTR, ""),
    bpf_attr.BpfAttrMapElem: (_ATTR, ""),
    bpf_attr.BpfAttrProgLoad: (_ATTR, ""),
    bpf_attr.BpfAttrTestRun: (_ATTR, "test."),
    bpf_attr.BpfAttrObjId: (_ATTR, ""),
    bpf_attr.BpfAttrInfo: (_ATTR, "info."),
    bpf_attr.BpfAttrLinkCreate: (_ATTR, "link_create."),
    bpf_link.BpfAttrLinkCreateKprobeMulti: (_ATTR, "link_create."),
    bpf_link.BpfAttrLinkCreateUprobeMulti: (_ATTR, "link_create."),
    bpf_attr.BpfAttrBtfLoad: (_ATTR, ""),
    bpf_link.BpfAttrRawTracepoint: (_ATTR, "raw_tracepoint."),
    bpf_link.BpfAttrIterCreate: (_ATTR, "iter_create."),
    bpf_link.BpfAttrTaskFdQuery: (_ATTR, "task_fd_query."),
    bpf_attr.BpfAttrBatch: (_ATTR, "batch."),
    bpf_attr.BpfAttrObj: (_ATTR, ""),
    bpf_attr.BpfAttrEnableStats: (_ATTR, "enable_stats."),
    bpf_attr.BpfBtfInfo: ("struct bpf_btf_info", ""),
    bpf_attr.BpfProgInfo: ("struct bpf_prog_info", ""),
    bpf_attr.BpfMapInfo: ("struct bpf_map_info", ""),
    perf_event.PerfEventAttr: ("struct perf_event_attr", ""),
    perf_event.PerfEventMmapPage: ("struct perf_event_mmap_page", ""),
    bpf_link.BpfLinkInfo: (_LINK, ""),
    bpf_link.BpfLinkInfoRawTracepoint: (_LINK, "raw_tracepoint."),
    bpf_link.BpfLinkInfoTracing: (_LINK, "tracing."),
    bpf_link.BpfLinkInfoCgroup: (_LINK, "cgroup."),
    bpf_link.BpfLinkInfoIter: (_LINK, "iter."),
    bpf_link.BpfLinkInfoNetns: (_LINK, "netns."),
    bpf_link.BpfLinkInfoXdp: (_LINK, "xdp."),
    bpf_link.BpfLinkInfoTcx: (_LINK, "tcx."),
    bpf_link.BpfLinkInfoMap: (_LINK, "struct_ops."),
    bpf_link.BpfLinkInfoNetfilter: (_LINK, "netfilter."),
    bpf_link.BpfLinkInfoKprobeMulti: (_LINK, "kprobe_multi."),
    bpf_link.BpfLinkInfoUprobeMulti: (_LINK, "uprobe_multi."),
    bpf_link.BpfLinkInfoPerfEvent: (_LINK, "perf_event."),
    bpf_link.BpfLinkInfoPerfEventUprobe: (_LINK, "perf_event.uprobe."),
    bpf_link.BpfLinkInfoPerfEventKprobe: (_LINK, "perf_event.kprobe."),
    bpf_link.BpfLinkInfoPerfEventTracepoint: (_LINK, "perf_event.tracepoint."),
    bpf_link.BpfLinkInfoPerfEventEvent: (_LINK, "perf_event.event."),
}
"""Maps each class to its C type, and to the path of the member that it represents."""

SPELLED: dict[tuple[type[Structure], str], str] = {
    (bpf_link.BpfLinkInfoIter, "map_id"): "map.map_id",
    (bpf_attr.BpfAttrObjId, "id"): "start_id",
    (bpf_attr.BpfAttrLinkCreate, "bpf_cookie"): "perf_event.bpf_cookie",
    (bpf_link.BpfAttrLinkCreateKprobeMulti, "multi_flags"): "kprobe_multi.flags",
    (bpf_link.BpfAttrLinkCreateKprobeMulti, "cnt"): "kprobe_multi.cnt",
    (bpf_link.BpfAttrLinkCreateKprobeMulti, "syms"): "kprobe_multi.syms",
    (bpf_link.BpfAttrLinkCreateKprobeMulti, "addrs"): "kprobe_multi.addrs",
    (bpf_link.BpfAttrLinkCreateKprobeMulti, "cookies"): "kprobe_multi.cookies",
    (bpf_link.BpfAttrLinkCreateUprobeMulti, "path"): "uprobe_multi.path",
    (bpf_link.BpfAttrLinkCreateUprobeMulti, "offsets"): "uprobe_multi.offsets",
    (bpf_link.BpfAttrLinkCreateUprobeMulti, "ref_ctr_offsets"): "uprobe_multi.ref_ctr_offsets",
    (bpf_link.BpfAttrLinkCreateUprobeMulti, "cookies"): "uprobe_multi.cookies",
    (bpf_link.BpfAttrLinkCreateUprobeMulti, "cnt"): "uprobe_multi.cnt",
    (bpf_link.BpfAttrLinkCreateUprobeMulti, "multi_flags"): "uprobe_multi.flags",
    (bpf_link.BpfAttrLinkCreateUprobeMulti, "pid"): "uprobe_multi.pid",
}
"""Fields that have a different name in C."""

# fields that were added together share a line. fmt: off
ADDED: dict[type[Structure], dict[tuple[int, int], str]] = {
    bpf_attr.BpfAttrMapCreate: {
        (3, 18): "map_type key_size value_size max_entries",
        (4, 6): "map_flags",
        (4, 12): "inner_map_fd",
        (4, 14): "numa_node",
        (4, 15): "map_name",
        (4, 16): "map_ifindex",
        (4, 18): "btf_fd btf_key_type_id btf_value_type_id",
        (5, 6): "btf_vmlinux_value_type_id",
        (5, 16): "map_extra",
        (6, 9): "value_type_btf_obj_fd map_token_fd",
    },
    bpf_attr.BpfAttrMapElem: {
        (3, 18): "map_fd key value",
        (3, 19): "flags",
    },
    bpf_attr.BpfAttrProgLoad: {
        (3, 18): "prog_type insn_cnt insns license log_level log_size log_buf",
        (4, 1): "kern_version",
        (4, 12): "prog_flags",
        (4, 15): "prog_name prog_ifindex",
        (4, 17): "expected_attach_type",
        (5, 0): "prog_btf_fd func_info_rec_size func_info func_info_cnt "
        "line_info_rec_size line_info line_info_cnt",
        (5, 5): "attach_btf_id",
        (5, 11): "attach_btf_obj_fd",
        (5, 14): "fd_array",
        (5, 17): "core_relo_cnt core_relos core_relo_rec_size",
        (6, 4): "log_true_size",
        (6, 9): "prog_token_fd",
        (6, 14): "fd_array_cnt",
    },
    bpf_attr.BpfAttrTestRun: {
        (4, 12): "prog_fd retval data_size_in data_size_out data_in data_out repeat duration",
        (5, 2): "ctx_size_in ctx_size_out ctx_in ctx_out",
        (5, 10): "flags cpu",
        (5, 18): "batch_size",
    },
    bpf_attr.BpfAttrObjId: {
        (4, 13): "id next_id",
        (4, 15): "open_flags",
        (6, 15): "fd_by_id_token_fd",
    },
    bpf_attr.BpfAttrInfo: {
        (4, 13): "bpf_fd info_len info",
    },
    bpf_attr.BpfAttrLinkCreate: {
        (5, 7): "prog_fd target_fd attach_type flags",
        (5, 15): "bpf_cookie",
    },
    bpf_link.BpfAttrLinkCreateKprobeMulti: {
        (5, 7): "prog_fd target_fd attach_type flags",
        (5, 18): "multi_flags cnt syms addrs cookies",
    },
    bpf_link.BpfAttrLinkCreateUprobeMulti: {
        (5, 7): "prog_fd target_fd attach_type flags",
        (6, 6): "path offsets ref_ctr_offsets cookies cnt multi_flags pid",
    },
    bpf_link.BpfAttrRawTracepoint: {
        (4, 17): "name prog_fd",
        (6, 10): "cookie",
    },
    bpf_link.BpfAttrIterCreate: {
        (5, 8): "link_fd flags",
    },
    bpf_link.BpfAttrTaskFdQuery: {
        (4, 18): "pid fd flags buf_len buf prog_id fd_type probe_offset probe_addr",
    },
    bpf_attr.BpfAttrBtfLoad: {
        (4, 18): "btf btf_log_buf btf_size btf_log_size btf_log_level",
        (6, 4): "btf_log_true_size",
        (6, 9): "btf_flags btf_token_fd",
    },
    bpf_attr.BpfProgInfo: {
        (4, 13): "type id tag jited_prog_len xlated_prog_len jited_prog_insns xlated_prog_insns",
        (4, 15): "load_time created_by_uid nr_map_ids map_ids name",
        (4, 16): "ifindex netns_dev netns_ino",
        (4, 18): "gpl_compatible nr_jited_ksyms nr_jited_func_lens jited_ksyms jited_func_lens",
        (5, 0): "btf_id func_info_rec_size func_info nr_func_info nr_line_info line_info "
        "jited_line_info nr_jited_line_info line_info_rec_size "
        "jited_line_info_rec_size nr_prog_tags prog_tags",
        (5, 1): "run_time_ns run_cnt",
        (5, 12): "recursion_misses",
        (5, 16): "verified_insns",
        (6, 0): "attach_btf_obj_id attach_btf_id",
    },
    bpf_attr.BpfMapInfo: {
        (4, 13): "type id key_size value_size max_entries map_flags",
        (4, 15): "name",
        (4, 16): "ifindex netns_dev netns_ino",
        (4, 18): "btf_id btf_key_type_id btf_value_type_id",
        (5, 6): "btf_vmlinux_value_type_id",
        (5, 16): "map_extra",
        (6, 9): "btf_vmlinux_id",
    },
    perf_event.PerfEventAttr: {
        (2, 6): "type size config sample_period sample_type read_format flags wakeup_events "
        "bp_type config1 config2",
        (3, 4): "branch_sample_type",
        (3, 7): "sample_regs_user sample_stack_user",
        (3, 19): "sample_regs_intr",
        (4, 1): "clockid aux_watermark",
        (4, 8): "sample_max_stack",
        (5, 5): "aux_sample_size",
        (5, 13): "sig_data",
        (6, 3): "config3",
    },
    bpf_attr.BpfAttrBatch: {
        (5, 6): "in_batch out_batch keys values count map_fd elem_flags flags",
    },
    bpf_attr.BpfAttrObj: {
        (4, 4): "pathname bpf_fd",
        (4, 15): "file_flags",
    },
    bpf_attr.BpfAttrEnableStats: {
        (5, 8): "type",
    },
    bpf_attr.BpfBtfInfo: {
        (4, 18): "btf btf_size id",
        (5, 11): "name name_len kernel_btf",
    },
    bpf_link.BpfLinkInfo: {(5, 8): "type id prog_id"},
    bpf_link.BpfLinkInfoRawTracepoint: {(5, 8): "tp_name tp_name_len"},
    bpf_link.BpfLinkInfoTracing: {(5, 8): "attach_type", (5, 13): "target_obj_id target_btf_id"},
    bpf_link.BpfLinkInfoCgroup: {(5, 8): "cgroup_id attach_type"},
    bpf_link.BpfLinkInfoIter: {(5, 10): "target_name target_name_len map_id"},
    bpf_link.BpfLinkInfoNetns: {(5, 8): "netns_ino attach_type"},
    bpf_link.BpfLinkInfoXdp: {(5, 9): "ifindex"},
    bpf_link.BpfLinkInfoTcx: {(6, 6): "ifindex attach_type"},
    bpf_link.BpfLinkInfoMap: {(6, 4): "map_id"},
    bpf_link.BpfLinkInfoNetfilter: {(6, 4): "pf hooknum priority flags"},
    bpf_link.BpfLinkInfoKprobeMulti: {(6, 6): "addrs count flags", (6, 7): "missed"},
    bpf_link.BpfLinkInfoUprobeMulti: {
        (6, 8): "path offsets ref_ctr_offsets cookies path_size count flags pid",
    },
    bpf_link.BpfLinkInfoPerfEvent: {(6, 6): "type"},
    bpf_link.BpfLinkInfoPerfEventUprobe: {(6, 6): "file_name name_len offset"},
    bpf_link.BpfLinkInfoPerfEventKprobe: {
        (6, 6): "func_name name_len offset addr",
        (6, 7): "missed",
    },
    bpf_link.BpfLinkInfoPerfEventTracepoint: {(6, 6): "tp_name name_len"},
    bpf_link.BpfLinkInfoPerfEventEvent: {(6, 6): "config type"},
    perf_event.PerfEventMmapPage: {
        (2, 6): "version compat_version lock index offset time_enabled time_running "
        "data_head data_tail",
        (3, 4): "capabilities pmc_width time_shift time_mult time_offset",
        (3, 12): "time_zero size",
        (4, 1): "data_offset data_size aux_head aux_tail aux_offset aux_size",
        (5, 9): "time_cycles time_mask",
    },
}
"""Maps each class to the fields that each kernel version added; 2.6 means 2.6.31 to 2.6.39."""
# fmt: on

_SINCE = {
    struct: {name: release for release, names in added.items() for name in names.split()}
    for struct, added in ADDED.items()
}


def since(struct: type[Structure], field: str) -> tuple[int, int] | None:
    """Return the version that added a field, or None if the field is padding."""
    return _SINCE.get(struct, {}).get(field)


def c_name(struct: type[Structure], field: str) -> str:
    """Return a field's path in C, starting from the structure's type."""
    return STRUCTS.get(struct, ("", ""))[1] + SPELLED.get((struct, field), field)
