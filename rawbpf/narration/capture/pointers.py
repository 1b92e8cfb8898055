"""A table of the pointers in structures, with one row for each pointer that describes its target.

Other fields of the structure, or the map that the call refers to, determine the size of the target.
If the size cannot be determined, the pointer is not followed. The kernel reads ``IN`` memory and
writes ``OUT`` memory.

To support a new structure, add one row for each of its pointers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.narration.capture.layout import INSN, LINK_INFOS, LINK_NAMES, last_index
from rawbpf.syscall.peek import peek
from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.uapi.bpf_attr import (
    BpfAttrBatch,
    BpfAttrBtfLoad,
    BpfAttrInfo,
    BpfAttrMapElem,
    BpfAttrObj,
    BpfAttrObjId,
    BpfAttrProgLoad,
    BpfAttrTestRun,
    BpfBtfInfo,
    BpfMapInfo,
    BpfProgInfo,
)
from rawbpf.uapi.bpf_link import (
    BpfAttrLinkCreateKprobeMulti,
    BpfAttrLinkCreateUprobeMulti,
    BpfAttrRawTracepoint,
    BpfAttrTaskFdQuery,
    BpfLinkInfo,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from ctypes import Structure

    from rawbpf.narration.capture.known import Known, Thing

__all__ = ["BOTH", "IN", "INFO", "OUT", "TEXT", "VARIES", "Points", "info_struct", "pointers"]

IN, OUT, BOTH = "in", "out", "both"

TEXT = -1
"""Used in place of a size for NUL-terminated strings."""

Numbers = dict[str, int]


class Points(NamedTuple):
    """``kind`` determines how the memory is formatted.

    ``size`` computes the size in bytes from numeric fields; it returns 0 if the size cannot be
    determined.
    """

    kind: str
    size: Callable[[Numbers, Known], int]
    way: str = IN


def _text(_attr: Numbers, _known: Known) -> int:
    return TEXT


def _field(name: str, times: int = 1) -> Callable[[Numbers, Known], int]:
    return lambda attr, _: attr[name] * times


def _records(count: str, size: str) -> Callable[[Numbers, Known], int]:
    return lambda attr, _: attr[count] * attr[size]


def _fd_array(attr: Numbers, _known: Known) -> int:
    """Without fd_array_cnt (6.14), the instructions show how much of the array is used."""
    if not attr["fd_array"]:
        return 0
    count = attr["fd_array_cnt"] or 1 + last_index(peek(attr["insns"], attr["insn_cnt"] * INSN))
    return count * 4


def _key(attr: Numbers, known: Known) -> int:
    return known.key_size(attr["map_fd"])


def _value(attr: Numbers, known: Known) -> int:
    return known.value_size(attr["map_fd"])


def _keys(attr: Numbers, known: Known) -> int:
    return attr["count"] * _key(attr, known)


def _values(attr: Numbers, known: Known) -> int:
    return attr["count"] * _value(attr, known)


def _cursor(attr: Numbers, known: Known) -> int:
    """The position at which a batch operation continues, which is a bucket number or a key."""
    return max(8, _key(attr, known))


_FIELDS: dict[type[Structure], dict[str, Points]] = {
    BpfAttrMapElem: {
        "key": Points("key", _key),
        "value": Points("value", _value, OUT),
    },
    BpfAttrProgLoad: {
        "insns": Points("insns", _field("insn_cnt", 8)),
        "license": Points("text", _text),
        "log_buf": Points("log", _field("log_size"), OUT),
        "func_info": Points("records", _records("func_info_cnt", "func_info_rec_size")),
        "line_info": Points("records", _records("line_info_cnt", "line_info_rec_size")),
        "fd_array": Points("fds", _fd_array),
        "core_relos": Points("records", _records("core_relo_cnt", "core_relo_rec_size")),
    },
    BpfAttrTestRun: {
        "data_in": Points("bytes", _field("data_size_in")),
        "data_out": Points("bytes", _field("data_size_out"), OUT),
        "ctx_in": Points("bytes", _field("ctx_size_in")),
        "ctx_out": Points("bytes", _field("ctx_size_out"), OUT),
    },
    BpfAttrInfo: {"info": Points("info", _field("info_len"), BOTH)},
    BpfAttrLinkCreateKprobeMulti: {
        "syms": Points("texts", _field("cnt", 8)),
        "addrs": Points("u64s", _field("cnt", 8)),
        "cookies": Points("u64s", _field("cnt", 8)),
    },
    BpfAttrLinkCreateUprobeMulti: {
        "path": Points("text", _text),
        "offsets": Points("u64s", _field("cnt", 8)),
        "ref_ctr_offsets": Points("u64s", _field("cnt", 8)),
        "cookies": Points("u64s", _field("cnt", 8)),
    },
    BpfAttrBatch: {
        "in_batch": Points("bytes", _cursor),
        "out_batch": Points("bytes", _cursor, OUT),
        "keys": Points("bytes", _keys, OUT),
        "values": Points("bytes", _values, OUT),
    },
    BpfAttrObj: {"pathname": Points("text", _text)},
    BpfAttrRawTracepoint: {"name": Points("text", _text)},
    BpfAttrTaskFdQuery: {"buf": Points("text", _field("buf_len"), OUT)},
    BpfAttrBtfLoad: {
        "btf": Points("btf", _field("btf_size")),
        "btf_log_buf": Points("log", _field("btf_log_size"), OUT),
    },
    BpfProgInfo: {
        "jited_prog_insns": Points("bytes", _field("jited_prog_len"), OUT),
        "xlated_prog_insns": Points("insns", _field("xlated_prog_len"), OUT),
        "map_ids": Points("u32s", _field("nr_map_ids", 4), OUT),
        "jited_ksyms": Points("u64s", _field("nr_jited_ksyms", 8), OUT),
        "jited_func_lens": Points("u32s", _field("nr_jited_func_lens", 4), OUT),
        "func_info": Points("records", _records("nr_func_info", "func_info_rec_size"), OUT),
        "line_info": Points("records", _records("nr_line_info", "line_info_rec_size"), OUT),
        "jited_line_info": Points(
            "records", _records("nr_jited_line_info", "jited_line_info_rec_size"), OUT
        ),
        "prog_tags": Points("bytes", _field("nr_prog_tags", 8), OUT),
    },
    BpfBtfInfo: {
        "btf": Points("btf", _field("btf_size"), OUT),
        "name": Points("text", _field("name_len"), OUT),
    },
}

_BY_COMMAND: dict[int, dict[str, Points | None]] = {
    bpf_cmd.BPF_MAP_UPDATE_ELEM: {"value": Points("value", _value)},
    bpf_cmd.BPF_MAP_DELETE_ELEM: {"value": None},
    bpf_cmd.BPF_MAP_FREEZE: {"key": None, "value": None},
    bpf_cmd.BPF_MAP_UPDATE_BATCH: {
        "keys": Points("bytes", _keys),
        "values": Points("bytes", _values),
    },
    bpf_cmd.BPF_MAP_DELETE_BATCH: {"keys": Points("bytes", _keys), "values": None},
    bpf_cmd.BPF_MAP_GET_NEXT_KEY: {"value": Points("key", _key, OUT)},
}
"""Exceptions for commands that use a shared structure differently; None means no pointer."""

INFO: dict[str, type[Structure]] = {
    "map": BpfMapInfo,
    "prog": BpfProgInfo,
    "btf": BpfBtfInfo,
    "link": BpfLinkInfo,
}
"""Maps a kind of descriptor to the structure that BPF_OBJ_GET_INFO_BY_FD fills in for it."""

VARIES: dict[type[Structure], str] = {
    BpfAttrObjId: "next_id",
    BpfAttrTestRun: "duration",
    BpfAttrTaskFdQuery: "pid fd buf_len prog_id probe_addr",
    BpfProgInfo: "id load_time map_ids btf_id jited_prog_len jited_prog_insns xlated_prog_insns "
    "jited_ksyms jited_line_info run_time_ns run_cnt recursion_misses",
    BpfMapInfo: "id btf_id",
    BpfBtfInfo: "id",
    BpfLinkInfo: "id prog_id _part",
    **{
        info: "id prog_id addr" if hasattr(info, "addr") else "id prog_id"
        for info in LINK_INFOS.values()
    },
}
"""Fields whose values or targets differ from run to run: IDs, times and addresses."""


def info_struct(thing: Thing) -> type[Structure] | None:
    """Return the info structure for a descriptor, which for a link depends on the link type."""
    if thing.kind == "link" and thing.link_type in LINK_INFOS:
        return LINK_INFOS[thing.link_type]
    return INFO.get(thing.kind)


def pointers(struct: type[Structure], command: int) -> dict[str, Points]:
    """Return a structure's pointer fields, each with a description of its target."""
    rows = {**_FIELDS.get(struct, {}), **_BY_COMMAND.get(command, {})}
    if struct in LINK_NAMES:
        address, length = LINK_NAMES[struct]
        rows[address] = Points("text", _field(length), OUT)
    return {field: row for field, row in rows.items() if row is not None}
