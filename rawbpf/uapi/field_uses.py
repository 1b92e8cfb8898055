"""How rawbpf uses the fields of bpf_attr.

Fields that are not listed are left at 0.

docs/reference/syscalls.md shows these texts next to the fields' offsets and versions.

>>> USES[bpf_attr.BpfAttrMapCreate]["map_name"]
'the name shown in listings: up to 15 letters, digits, _ and .'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.uapi import bpf_attr, bpf_link, perf_event

if TYPE_CHECKING:
    from ctypes import Structure

__all__ = ["USES"]

_LINK = {
    "prog_fd": "the program",
    "target_fd": "the target: a perf event, a cgroup folder, or an interface index",
    "attach_type": "the target's hook",
}

# one row per field. fmt: off
USES: dict[type[Structure], dict[str, str]] = {
    bpf_attr.BpfAttrMapCreate: {
        "map_type": "the map type: hash, array, ring buffer, and so on",
        "key_size": "the size of a key in bytes; 0 for ring buffers and queues",
        "value_size": "the size of a value in bytes; for per-CPU maps, the size of one CPU's value",
        "max_entries": "the maximum number of entries; for ring buffers, the size in bytes",
        "map_flags": "flags, such as not preallocated, read-only for programs, or mappable",
        "inner_map_fd": (
            "for a map of maps: a template map with the same properties as the inner maps"
        ),
        "numa_node": "the NUMA node for the map's memory, if BPF_F_NUMA_NODE is set",
        "map_name": "the name shown in listings: up to 15 letters, digits, _ and .",
        "btf_fd": "the BTF that describes the keys and values",
        "btf_key_type_id": "the type of the keys",
        "btf_value_type_id": "the type of the values",
        "map_extra": (
            "a type-specific property, such as the number of hash functions in a Bloom filter"
        ),
    },
    bpf_attr.BpfAttrMapElem: {
        "map_fd": "the map",
        "key": "the key; if the address is 0, BPF_MAP_GET_NEXT_KEY returns the first key",
        "value": "the value to write, or a buffer for the value",
        "flags": "whether the key must be new or must exist; whether to use the value's lock",
    },
    bpf_attr.BpfAttrBatch: {
        "map_fd": "the map",
        "in_batch": "the position at which to continue; 0 for the first batch",
        "out_batch": "the position of the next batch",
        "keys": "the keys, without gaps",
        "values": "the values, in the same order as the keys",
        "count": (
            "the number of entries in the buffers; on return, the number of processed entries"
        ),
        "elem_flags": "the same flags as for a single entry",
    },
    bpf_attr.BpfAttrProgLoad: {
        "prog_type": (
            "the program type, which determines the context and the possible attach points"
        ),
        "insn_cnt": "the number of 8-byte slots; a 64-bit constant takes two slots",
        "insns": "the bytecode",
        "license": "the licence; some helpers are available only to GPL-compatible programs",
        "log_level": "1: the failing path; 2: all paths; 4: statistics; 0 in the first attempt",
        "log_size": "the size of the log buffer",
        "log_buf": "the log buffer",
        "prog_flags": "flags, such as BPF_F_SLEEPABLE for a program that may sleep",
        "prog_name": "the name shown in listings: up to 15 bytes",
        "expected_attach_type": "the attach point, for types that support several",
        "prog_btf_fd": "the BTF that func_info and line_info refer to",
        "func_info_rec_size": "8, the size of a func_info record",
        "func_info": "the start and type of each function",
        "func_info_cnt": "the number of functions",
        "line_info_rec_size": "16, the size of a line_info record",
        "line_info": "the source lines of the instructions",
        "line_info_cnt": "the number of records",
        "attach_btf_id": "the kernel function or type that the program is verified for",
        "attach_btf_obj_fd": "the BTF of the module, or the program, that contains the function",
        "log_true_size": "on return, the full length of the log",
    },
    bpf_attr.BpfAttrTestRun: {
        "prog_fd": "the program",
        "retval": "on return, the program's return value",
        "data_size_in": "the size of the input packet",
        "data_size_out": "the size of the output buffer; on return, the size of the output packet",
        "data_in": "the input packet",
        "data_out": "a buffer for the output packet",
        "repeat": "the number of runs",
        "duration": "on return, the mean duration of a run in nanoseconds",
        "ctx_size_in": "the size of the input context",
        "ctx_size_out": "the size of the output buffer",
        "ctx_in": "the input context, for types that accept one",
        "ctx_out": "a buffer for the output context",
    },
    bpf_attr.BpfAttrEnableStats: {
        "type": "the kind of statistics: 0 for run time",
    },
    bpf_attr.BpfAttrObj: {
        "pathname": "a path in a BPF file system",
        "bpf_fd": "the object to pin",
    },
    bpf_attr.BpfAttrObjId: {
        "id": "the ID to open, or the ID after which to search",
        "next_id": "on return, the ID that was found",
    },
    bpf_attr.BpfAttrInfo: {
        "bpf_fd": "the object",
        "info_len": "the size of the buffer; on return, the number of bytes written",
        "info": "a buffer for the object's info structure (see below)",
    },
    bpf_link.BpfAttrRawTracepoint: {
        "name": "the tracepoint's name; 0 for the target that the program was verified for",
        "prog_fd": "the program",
    },
    bpf_attr.BpfAttrBtfLoad: {
        "btf": "the BTF",
        "btf_size": "the size of the BTF in bytes",
    },
    bpf_attr.BpfAttrLinkCreate: _LINK,
    bpf_link.BpfAttrLinkCreateKprobeMulti: {
        "prog_fd": _LINK["prog_fd"],
        "attach_type": "whether entry and return are separate probes or one session",
        "multi_flags": "whether to probe returns instead of entries",
        "cnt": "the number of functions",
        "syms": "the names of the functions",
    },
    bpf_link.BpfAttrLinkCreateUprobeMulti: {
        "prog_fd": _LINK["prog_fd"],
        "attach_type": "whether entry and return are separate probes or one session",
        "path": "the executable or library",
        "offsets": "the file offsets of the functions",
        "cnt": "the number of functions",
        "multi_flags": "whether to probe returns instead of entries",
        "pid": "the process to probe; 0 for all processes",
    },
    bpf_link.BpfAttrIterCreate: {
        "link_fd": "the iterator's link",
    },
    bpf_link.BpfAttrTaskFdQuery: {
        "pid": "the process that has the perf event open",
        "fd": "the descriptor's number in that process",
        "buf": "receives the name of the function, file or tracepoint",
        "buf_len": "the size of `buf`; the kernel returns the length of the name",
        "prog_id": "returned: the program's ID",
        "fd_type": "returned: the kind of probe",
        "probe_offset": "returned: the offset in the function or file",
        "probe_addr": "returned: the address of a kprobe, if it was given by address",
    },
    perf_event.PerfEventAttr: {
        "type": (
            "the event source: software, tracepoint, or the number of the kprobe or uprobe PMU"
        ),
        "size": "the size of this structure",
        "config": "the event; for probes, the bit that marks a return probe",
        "sample_period": "1 for every event; with the flag `freq`, the number of events per second",
        "sample_type": "PERF_SAMPLE_RAW: records contain the bytes that the program wrote",
        "flags": "`freq`",
        "wakeup_events": "the number of records after which to wake the reader",
        "config1": "the name of a function or a file",
        "config2": "an offset in the function or file",
    },
}
# fmt: on
