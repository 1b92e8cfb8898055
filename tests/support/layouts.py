"""What our ctypes structures are called in C, and what kernels older than a field do not have."""

from rawbpf.uapi import bpf_attr, bpf_info, perf_event

ATTR = "union bpf_attr"

STRUCTS = {
    bpf_attr.BpfAttrMapCreate: (ATTR, ""),
    bpf_attr.BpfAttrMapElem: (ATTR, ""),
    bpf_attr.BpfAttrProgLoad: (ATTR, ""),
    bpf_attr.BpfAttrTestRun: (ATTR, "test."),
    bpf_attr.BpfAttrObjId: (ATTR, ""),
    bpf_attr.BpfAttrInfo: (ATTR, "info."),
    bpf_attr.BpfAttrLinkCreate: (ATTR, "link_create."),
    bpf_attr.BpfAttrLinkCreateKprobeMulti: (ATTR, "link_create."),
    bpf_attr.BpfAttrBtfLoad: (ATTR, ""),
    bpf_attr.BpfAttrRawTracepoint: (ATTR, "raw_tracepoint."),
    bpf_attr.BpfAttrIterCreate: (ATTR, "iter_create."),
    bpf_info.BpfProgInfo: ("struct bpf_prog_info", ""),
    bpf_info.BpfMapInfo: ("struct bpf_map_info", ""),
    perf_event.PerfEventAttr: ("struct perf_event_attr", ""),
    perf_event.PerfEventMmapPage: ("struct perf_event_mmap_page", ""),
}

# Where C spells a field otherwise.
SPELLED = {
    (bpf_attr.BpfAttrObjId, "id"): "start_id",
    (bpf_attr.BpfAttrLinkCreate, "bpf_cookie"): "perf_event.bpf_cookie",
    (bpf_attr.BpfAttrLinkCreateKprobeMulti, "multi_flags"): "kprobe_multi.flags",
    (bpf_attr.BpfAttrLinkCreateKprobeMulti, "cnt"): "kprobe_multi.cnt",
    (bpf_attr.BpfAttrLinkCreateKprobeMulti, "syms"): "kprobe_multi.syms",
    (bpf_attr.BpfAttrLinkCreateKprobeMulti, "addrs"): "kprobe_multi.addrs",
    (bpf_attr.BpfAttrLinkCreateKprobeMulti, "cookies"): "kprobe_multi.cookies",
}

# Bit fields have no address in C; they are proven by what stands before and behind them.
WITHOUT_ADDRESS = {(bpf_info.BpfProgInfo, "gpl_compatible"), (perf_event.PerfEventAttr, "flags")}

# The kernel release that added the field, for those that are younger than 5.8.
SINCE = {
    (bpf_attr.BpfAttrMapCreate, "map_extra"): (5, 16),
    (bpf_attr.BpfAttrMapCreate, "value_type_btf_obj_fd"): (6, 9),
    (bpf_attr.BpfAttrMapCreate, "map_token_fd"): (6, 9),
    (bpf_attr.BpfAttrProgLoad, "attach_btf_obj_fd"): (5, 11),
    (bpf_attr.BpfAttrProgLoad, "core_relo_cnt"): (5, 17),
    (bpf_attr.BpfAttrProgLoad, "fd_array"): (5, 14),
    (bpf_attr.BpfAttrProgLoad, "core_relos"): (5, 17),
    (bpf_attr.BpfAttrProgLoad, "core_relo_rec_size"): (5, 17),
    (bpf_attr.BpfAttrProgLoad, "log_true_size"): (6, 4),
    (bpf_attr.BpfAttrProgLoad, "prog_token_fd"): (6, 9),
    (bpf_attr.BpfAttrProgLoad, "fd_array_cnt"): (6, 14),
    (bpf_attr.BpfAttrTestRun, "flags"): (5, 10),
    (bpf_attr.BpfAttrTestRun, "cpu"): (5, 10),
    (bpf_attr.BpfAttrTestRun, "batch_size"): (5, 18),
    (bpf_attr.BpfAttrObjId, "fd_by_id_token_fd"): (6, 16),
    (bpf_attr.BpfAttrLinkCreate, "bpf_cookie"): (5, 15),
    (bpf_attr.BpfAttrLinkCreateKprobeMulti, "multi_flags"): (5, 18),
    (bpf_attr.BpfAttrLinkCreateKprobeMulti, "cnt"): (5, 18),
    (bpf_attr.BpfAttrLinkCreateKprobeMulti, "syms"): (5, 18),
    (bpf_attr.BpfAttrLinkCreateKprobeMulti, "addrs"): (5, 18),
    (bpf_attr.BpfAttrLinkCreateKprobeMulti, "cookies"): (5, 18),
    (bpf_attr.BpfAttrRawTracepoint, "cookie"): (6, 10),
    (bpf_attr.BpfAttrBtfLoad, "btf_log_true_size"): (6, 4),
    (bpf_attr.BpfAttrBtfLoad, "btf_flags"): (6, 9),
    (bpf_attr.BpfAttrBtfLoad, "btf_token_fd"): (6, 9),
    (bpf_info.BpfProgInfo, "recursion_misses"): (5, 12),
    (bpf_info.BpfProgInfo, "verified_insns"): (5, 16),
    (bpf_info.BpfProgInfo, "attach_btf_obj_id"): (5, 20),
    (bpf_info.BpfProgInfo, "attach_btf_id"): (5, 20),
    (bpf_info.BpfMapInfo, "btf_vmlinux_id"): (6, 10),
    (bpf_info.BpfMapInfo, "map_extra"): (5, 16),
    (perf_event.PerfEventAttr, "sig_data"): (5, 13),
    (perf_event.PerfEventAttr, "config3"): (6, 3),
    (perf_event.PerfEventMmapPage, "time_cycles"): (5, 12),
    (perf_event.PerfEventMmapPage, "time_mask"): (5, 12),
}


def fields(release: tuple[int, int]):
    """(structure, field name, C type, C path) of all that a kernel of ``release`` has."""
    for struct, (c_type, prefix) in STRUCTS.items():
        for name, *_ in struct._fields_:
            key = struct, name
            hidden = name.startswith("_") or key in WITHOUT_ADDRESS
            if not hidden and SINCE.get(key, (5, 8)) <= release:
                yield struct, name, c_type, prefix + SPELLED.get(key, name)
