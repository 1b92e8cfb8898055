"""The commands of bpf(2): what each is for, its structure, and the release that brought it.

``struct`` is None for what rawbpf does not call. Sources: include/uapi/linux/bpf.h and its history.

>>> COMMANDS[bpf_cmd.BPF_PROG_TEST_RUN].since
(4, 12)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.uapi.bpf_attr import (
    BpfAttrBatch,
    BpfAttrBtfLoad,
    BpfAttrEnableStats,
    BpfAttrInfo,
    BpfAttrLinkCreate,
    BpfAttrMapCreate,
    BpfAttrMapElem,
    BpfAttrObj,
    BpfAttrObjId,
    BpfAttrProgLoad,
    BpfAttrTestRun,
)
from rawbpf.uapi.bpf_link import BpfAttrIterCreate, BpfAttrRawTracepoint

if TYPE_CHECKING:
    from ctypes import Structure

__all__ = ["COMMANDS", "Command"]


class Command(NamedTuple):
    """One command. ``purpose``: what one makes the call for, as the end of "This call ..."."""

    number: bpf_cmd
    since: tuple[int, int]
    purpose: str
    struct: type[Structure] | None = None


_ELEM, _ID, _BATCH = BpfAttrMapElem, BpfAttrObjId, BpfAttrBatch
_c = bpf_cmd

# A table: one row a line, where a line is enough.
# fmt: off
COMMANDS = {
    command.number: command
    for command in (
        Command(_c.BPF_MAP_CREATE, (3, 18), "makes a map", BpfAttrMapCreate),
        Command(_c.BPF_MAP_LOOKUP_ELEM, (3, 18), "reads the value of a key", _ELEM),
        Command(_c.BPF_MAP_UPDATE_ELEM, (3, 18), "writes the value of a key", _ELEM),
        Command(_c.BPF_MAP_DELETE_ELEM, (3, 18), "takes a key out of a map", _ELEM),
        Command(_c.BPF_MAP_GET_NEXT_KEY, (3, 18), "goes from one key of a map to the next", _ELEM),
        Command(_c.BPF_PROG_LOAD, (3, 18),
                "has the verifier read a program, and the kernel keep it", BpfAttrProgLoad),
        Command(_c.BPF_OBJ_PIN, (4, 4), "gives an object a name in bpffs, so that it outlives us",
                BpfAttrObj),
        Command(_c.BPF_OBJ_GET, (4, 4), "opens what has a name in bpffs", BpfAttrObj),
        Command(_c.BPF_PROG_ATTACH, (4, 10), "attaches a program without a link"),
        Command(_c.BPF_PROG_DETACH, (4, 10), "detaches what BPF_PROG_ATTACH attached"),
        Command(_c.BPF_PROG_TEST_RUN, (4, 12), "runs a program by hand", BpfAttrTestRun),
        Command(_c.BPF_PROG_GET_NEXT_ID, (4, 13), "goes from one program's id to the next", _ID),
        Command(_c.BPF_MAP_GET_NEXT_ID, (4, 13), "goes from one map's id to the next", _ID),
        Command(_c.BPF_PROG_GET_FD_BY_ID, (4, 13), "opens the program with an id", _ID),
        Command(_c.BPF_MAP_GET_FD_BY_ID, (4, 13), "opens the map with an id", _ID),
        Command(_c.BPF_OBJ_GET_INFO_BY_FD, (4, 13), "asks what an object is", BpfAttrInfo),
        Command(_c.BPF_PROG_QUERY, (4, 15), "lists the programs attached to a place"),
        Command(_c.BPF_RAW_TRACEPOINT_OPEN, (4, 17),
                "attaches a program to a raw tracepoint, or to what it was verified for",
                BpfAttrRawTracepoint),
        Command(_c.BPF_BTF_LOAD, (4, 18), "has the kernel check types, and keep them",
                BpfAttrBtfLoad),
        Command(_c.BPF_BTF_GET_FD_BY_ID, (4, 18), "opens the types with an id", _ID),
        Command(_c.BPF_TASK_FD_QUERY, (4, 18), "asks what a process's perf event probes"),
        Command(_c.BPF_MAP_LOOKUP_AND_DELETE_ELEM, (4, 20), "takes a value out of a map", _ELEM),
        Command(_c.BPF_MAP_FREEZE, (5, 2), "ends writing to a map from user space", _ELEM),
        Command(_c.BPF_BTF_GET_NEXT_ID, (5, 4), "goes from one BTF's id to the next", _ID),
        Command(_c.BPF_MAP_LOOKUP_BATCH, (5, 6), "reads many entries of a map", _BATCH),
        Command(_c.BPF_MAP_LOOKUP_AND_DELETE_BATCH, (5, 6), "takes many entries out of a map",
                _BATCH),
        Command(_c.BPF_MAP_UPDATE_BATCH, (5, 6), "writes many entries of a map", _BATCH),
        Command(_c.BPF_MAP_DELETE_BATCH, (5, 6), "takes many keys out of a map", _BATCH),
        Command(_c.BPF_LINK_CREATE, (5, 7),
                "attaches a program, for as long as the descriptor is open", BpfAttrLinkCreate),
        Command(_c.BPF_LINK_UPDATE, (5, 7), "puts another program into a link"),
        Command(_c.BPF_LINK_GET_FD_BY_ID, (5, 8), "opens the link with an id", _ID),
        Command(_c.BPF_LINK_GET_NEXT_ID, (5, 8), "goes from one link's id to the next", _ID),
        Command(_c.BPF_ENABLE_STATS, (5, 8), "has the kernel count runs and their time",
                BpfAttrEnableStats),
        Command(_c.BPF_ITER_CREATE, (5, 8), "makes a descriptor that can be read, of an iterator",
                BpfAttrIterCreate),
        Command(_c.BPF_LINK_DETACH, (5, 9), "detaches a link without closing it"),
        Command(_c.BPF_PROG_BIND_MAP, (5, 10), "lets a program hold a map that it does not use"),
        Command(_c.BPF_TOKEN_CREATE, (6, 9), "makes a token that lends rights to a container"),
        Command(_c.BPF_PROG_STREAM_READ_BY_FD, (6, 17), "reads what a program printed"),
    )
}
