"""What rawbpf uses the fields of an attr for; a field that is not here it leaves 0.

docs/reference/syscalls.md is made from this, beside offsets and releases.

>>> USES[bpf_attr.BpfAttrMapCreate]["map_name"]
'for people who look: 15 bytes of letters, digits, _ and .'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.uapi import bpf_attr, bpf_link, perf_event

if TYPE_CHECKING:
    from ctypes import Structure

__all__ = ["USES"]

_LINK = {
    "prog_fd": "the program",
    "target_fd": "what it is attached to: an event, a cgroup's folder, an interface's index",
    "attach_type": "in which of the target's places",
}

# A table: one row a field.
# fmt: off
USES: dict[type[Structure], dict[str, str]] = {
    bpf_attr.BpfAttrMapCreate: {
        "map_type": "hash, array, ring ...",
        "key_size": "bytes of a key; 0 for rings and queues",
        "value_size": "bytes of a value; of a per-CPU map, of each CPU's",
        "max_entries": "how many entries; for a ring, how many bytes",
        "map_flags": "such as: not allocated beforehand, read-only for programs, mappable",
        "inner_map_fd": "a map that shows what those inside a map of maps look like",
        "numa_node": "on which node its memory is, if a flag says that it matters",
        "map_name": "for people who look: 15 bytes of letters, digits, _ and .",
        "btf_fd": "the types of which keys and values are",
        "btf_key_type_id": "the key's type",
        "btf_value_type_id": "the value's type",
        "map_extra": "what only some types take, such as a bloom filter's hash functions",
    },
    bpf_attr.BpfAttrMapElem: {
        "map_fd": "the map",
        "key": "the key; none asks BPF_MAP_GET_NEXT_KEY for the first",
        "value": "the value to be written, or room for it",
        "flags": "whether the key must be new, or there already; locks",
    },
    bpf_attr.BpfAttrBatch: {
        "map_fd": "the map",
        "in_batch": "where to go on; none for the beginning",
        "out_batch": "where the next call goes on",
        "keys": "keys, one behind the other",
        "values": "values, in the order of the keys",
        "count": "how many there is room for; afterwards, how many were moved",
        "elem_flags": "as `flags` of one entry",
    },
    bpf_attr.BpfAttrProgLoad: {
        "prog_type": "what it will be attached to, and so what its context is",
        "insn_cnt": "how many slots of 8 bytes; a 64-bit constant takes two",
        "insns": "the bytecode",
        "license": "helpers that are for the GPL only are lent to those who say it",
        "log_level": "1: the path that failed; 2: every path; 4: what it took; 0 at first",
        "log_size": "room for the log",
        "log_buf": "the verifier's words",
        "prog_flags": "such as: it may sleep",
        "prog_name": "for people who look: 15 bytes",
        "expected_attach_type": "in which of several places it will be attached",
        "prog_btf_fd": "the types that func_info and line_info speak of",
        "func_info_rec_size": "8: how long we take a record of func_info to be",
        "func_info": "where functions begin, and their types",
        "func_info_cnt": "how many functions",
        "line_info_rec_size": "16: how long we take a record of line_info to be",
        "line_info": "which line of the source an instruction is of",
        "line_info_cnt": "how many lines",
        "attach_btf_id": "the kernel's function, or type, that it is verified for",
        "attach_btf_obj_fd": "the module, or the program, that this is in",
        "log_true_size": "to see whether this kernel says how much room a log takes",
    },
    bpf_attr.BpfAttrTestRun: {
        "prog_fd": "the program",
        "retval": "what it returned",
        "data_size_in": "bytes of the packet",
        "data_size_out": "room for the packet as it became; afterwards its length",
        "data_in": "the packet",
        "data_out": "the packet as it became",
        "repeat": "how many times",
        "duration": "nanoseconds of a run, on average",
        "ctx_size_in": "bytes of the context",
        "ctx_size_out": "room for the context as it became",
        "ctx_in": "the context, for types that take one",
        "ctx_out": "the context as it became",
    },
    bpf_attr.BpfAttrEnableStats: {
        "type": "what is to be counted: 0 is runs and their time",
    },
    bpf_attr.BpfAttrObj: {
        "pathname": "a path in a file system of type bpf",
        "bpf_fd": "the object to be named",
    },
    bpf_attr.BpfAttrObjId: {
        "id": "the object's id; of a walk, the id behind which to look",
        "next_id": "the id that was found",
    },
    bpf_attr.BpfAttrInfo: {
        "bpf_fd": "the object",
        "info_len": "room; afterwards, how much the kernel knows",
        "info": "a structure of the object's kind, see below",
    },
    bpf_link.BpfAttrRawTracepoint: {
        "name": "the tracepoint; none for what the program was verified for",
        "prog_fd": "the program",
    },
    bpf_attr.BpfAttrBtfLoad: {
        "btf": "the types, in BTF",
        "btf_size": "their bytes",
    },
    bpf_attr.BpfAttrLinkCreate: _LINK,
    bpf_link.BpfAttrLinkCreateKprobeMulti: {
        "prog_fd": _LINK["prog_fd"],
        "attach_type": "entries and returns as one session, or each for itself",
        "multi_flags": "returns instead of entries",
        "cnt": "how many functions",
        "syms": "their names",
    },
    bpf_link.BpfAttrLinkCreateUprobeMulti: {
        "prog_fd": _LINK["prog_fd"],
        "attach_type": "entries and returns as one session, or each for itself",
        "path": "the executable or library",
        "offsets": "where in that file the functions begin",
        "cnt": "how many functions",
        "multi_flags": "returns instead of entries",
        "pid": "in this process only; 0 for all",
    },
    bpf_link.BpfAttrIterCreate: {
        "link_fd": "the iterator's link",
    },
    perf_event.PerfEventAttr: {
        "type": "software, tracepoint, or the number of the PMU of kprobes or uprobes",
        "size": "how much of this structure we know",
        "config": "which event; for probes, whether on return",
        "sample_period": "every event; or how often a second, with the flag `freq`",
        "sample_type": "PERF_SAMPLE_RAW: a record holds what the program wrote",
        "flags": "`freq`",
        "wakeup_events": "after how many records a sleeper wakes",
        "config1": "the name of a function, or of a file",
        "config2": "an offset in it",
    },
}
# fmt: on
