"""The commands of bpf(2), with their purpose, their structure, and their first kernel version.

``struct`` is None for commands that rawbpf does not use. Source: include/uapi/linux/bpf.h and its
commit history.

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
from rawbpf.uapi.bpf_link import BpfAttrIterCreate, BpfAttrRawTracepoint, BpfAttrTaskFdQuery

if TYPE_CHECKING:
    from ctypes import Structure

__all__ = ["COMMANDS", "Command"]


class Command(NamedTuple):
    """A command. ``purpose`` completes a sentence that starts with "This ..."."""

    number: bpf_cmd
    since: tuple[int, int]
    purpose: str
    struct: type[Structure] | None = None


_ELEM, _ID, _BATCH = BpfAttrMapElem, BpfAttrObjId, BpfAttrBatch
_c = bpf_cmd

# one row per line where possible. fmt: off
COMMANDS = {
    command.number: command
    for command in (
        Command(_c.BPF_MAP_CREATE, (3, 18), "creates a map", BpfAttrMapCreate),
        Command(_c.BPF_MAP_LOOKUP_ELEM, (3, 18), "reads the value for a key", _ELEM),
        Command(_c.BPF_MAP_UPDATE_ELEM, (3, 18), "writes the value for a key", _ELEM),
        Command(_c.BPF_MAP_DELETE_ELEM, (3, 18), "deletes a key from a map", _ELEM),
        Command(_c.BPF_MAP_GET_NEXT_KEY, (3, 18), "returns the next key in a map", _ELEM),
        Command(
            _c.BPF_PROG_LOAD,
            (3, 18),
            "verifies a program and loads it into the kernel",
            BpfAttrProgLoad,
        ),
        Command(
            _c.BPF_OBJ_PIN,
            (4, 4),
            "pins an object in a BPF file system, which keeps the object alive",
            BpfAttrObj,
        ),
        Command(_c.BPF_OBJ_GET, (4, 4), "opens a pinned object", BpfAttrObj),
        Command(_c.BPF_PROG_ATTACH, (4, 10), "attaches a program without a link"),
        Command(_c.BPF_PROG_DETACH, (4, 10), "detaches a program that BPF_PROG_ATTACH attached"),
        Command(_c.BPF_PROG_TEST_RUN, (4, 12), "runs a program with given input", BpfAttrTestRun),
        Command(_c.BPF_PROG_GET_NEXT_ID, (4, 13), "returns the next program ID", _ID),
        Command(_c.BPF_MAP_GET_NEXT_ID, (4, 13), "returns the next map ID", _ID),
        Command(_c.BPF_PROG_GET_FD_BY_ID, (4, 13), "opens a program by ID", _ID),
        Command(_c.BPF_MAP_GET_FD_BY_ID, (4, 13), "opens a map by ID", _ID),
        Command(
            _c.BPF_OBJ_GET_INFO_BY_FD, (4, 13), "returns information about an object", BpfAttrInfo
        ),
        Command(_c.BPF_PROG_QUERY, (4, 15), "lists the programs that are attached to a target"),
        Command(
            _c.BPF_RAW_TRACEPOINT_OPEN,
            (4, 17),
            "attaches a program to a raw tracepoint, or to the target that the program "
            "was verified for",
            BpfAttrRawTracepoint,
        ),
        Command(
            _c.BPF_BTF_LOAD, (4, 18), "loads type information (BTF) into the kernel", BpfAttrBtfLoad
        ),
        Command(_c.BPF_BTF_GET_FD_BY_ID, (4, 18), "opens BTF by ID", _ID),
        Command(
            _c.BPF_TASK_FD_QUERY,
            (4, 18),
            "returns the program and probe that a process's perf event refers to",
            BpfAttrTaskFdQuery,
        ),
        Command(
            _c.BPF_MAP_LOOKUP_AND_DELETE_ELEM,
            (4, 20),
            "reads a value and deletes its entry from the map",
            _ELEM,
        ),
        Command(_c.BPF_MAP_FREEZE, (5, 2), "makes a map read-only for user space", _ELEM),
        Command(_c.BPF_BTF_GET_NEXT_ID, (5, 4), "returns the next BTF ID", _ID),
        Command(_c.BPF_MAP_LOOKUP_BATCH, (5, 6), "reads several entries of a map", _BATCH),
        Command(
            _c.BPF_MAP_LOOKUP_AND_DELETE_BATCH,
            (5, 6),
            "reads several entries and deletes them from the map",
            _BATCH,
        ),
        Command(_c.BPF_MAP_UPDATE_BATCH, (5, 6), "writes several entries of a map", _BATCH),
        Command(_c.BPF_MAP_DELETE_BATCH, (5, 6), "deletes several keys from a map", _BATCH),
        Command(
            _c.BPF_LINK_CREATE,
            (5, 7),
            "attaches a program through a link, whose descriptor keeps the program attached",
            BpfAttrLinkCreate,
        ),
        Command(_c.BPF_LINK_UPDATE, (5, 7), "replaces a link's program"),
        Command(_c.BPF_LINK_GET_FD_BY_ID, (5, 8), "opens a link by ID", _ID),
        Command(_c.BPF_LINK_GET_NEXT_ID, (5, 8), "returns the next link ID", _ID),
        Command(
            _c.BPF_ENABLE_STATS,
            (5, 8),
            "enables measuring the run time of programs",
            BpfAttrEnableStats,
        ),
        Command(
            _c.BPF_ITER_CREATE,
            (5, 8),
            "creates a descriptor from which an iterator's output can be read",
            BpfAttrIterCreate,
        ),
        Command(_c.BPF_LINK_DETACH, (5, 9), "detaches a link without closing it"),
        Command(
            _c.BPF_PROG_BIND_MAP,
            (5, 10),
            "keeps a map alive as long as a program, even if the program does not use the map",
        ),
        Command(
            _c.BPF_TOKEN_CREATE,
            (6, 9),
            "creates a token that delegates BPF permissions, for example to a container",
        ),
        Command(_c.BPF_PROG_STREAM_READ_BY_FD, (6, 17), "reads a program's output stream"),
    )
}
