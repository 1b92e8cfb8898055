"""Ensure that a repeated call lets the kernel access only recorded memory.

The kernel follows the pointers in an attr, whatever the recording says about them. This module
therefore examines the final bytes, after addresses and descriptors have been replaced, as the
kernel does: the command number determines the structure, and the structure's fields determine how
much memory each pointer needs.

- A pointer that does not lead to the start of a recorded block becomes NULL.
- A pointer to a block that is smaller than the memory that the kernel reads or writes is an error.
- A descriptor that no repeated call has returned becomes -1, which fails with EBADF.
- Bytes after the last known field become 0, because a newer kernel may have pointers there.

The sizes of keys and values are taken from the calls that have been repeated, or from the kernel
itself.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from rawbpf.errors import FormatError, KernelError
from rawbpf.kernel.hardware import possible_cpus
from rawbpf.narration.capture.call import Block
from rawbpf.narration.capture.known import PINNED
from rawbpf.narration.capture.layout import (
    fd_fields,
    fd_places,
    given,
    numbers,
    place,
    struct_of,
)
from rawbpf.narration.capture.pointers import IN, TEXT, info_struct, pointers
from rawbpf.specs.map_spec import map_kind
from rawbpf.syscall.bpf import obj_get_info
from rawbpf.uapi.bpf import bpf_prog_type
from rawbpf.uapi.bpf_attr import BpfAttrMapCreate, BpfAttrTestRun, BpfMapInfo, BpfProgInfo
from rawbpf.uapi.bpf_link import BpfLinkInfo
from rawbpf.uapi.perf_event import PerfEventAttr

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence
    from ctypes import Structure

    from rawbpf.narration.capture.known import Known
    from rawbpf.narration.capture.pointers import Points
    from rawbpf.narration.replay.memory import Memory

__all__ = ["LARGEST_MAP", "Promises", "map_size"]

_NO_FD_NUMBER = 0xFFFFFFFF
_NO_FD = _NO_FD_NUMBER.to_bytes(4, "little")

_PERF_ATTR_SIZE_VER0 = 64  # the number of bytes that the kernel reads if the size of the attr is 0

_MOST_REPEATS = 1 << 20
"""The maximum ``repeat`` of BPF_PROG_TEST_RUN, because the call returns only after the last run."""

LARGEST_MAP = 1 << 30
"""The maximum size in bytes of the keys and values of a map, and of all maps in a recording."""


class Promises:
    """Validate the memory of one call, and repair it if necessary.

    ``known`` describes the descriptors in ``own``, which repeated calls returned.
    """

    def __init__(self, memory: Memory, known: Known, own: Container[int]) -> None:
        self._memory = memory
        self._known = known
        self._own = own
        self._command = -1
        self.blocks: list[Block] = []
        """The attr, and the blocks that its pointers refer to, as the kernel will see them."""

    def settle(self, name: str, words: Sequence[int]) -> None:
        """Validate the memory of a call, and repair it if necessary.

        Raises FormatError if the kernel would access memory past the end of a block, or if the call
        would take unbounded memory or time.
        """
        if name == "bpf":
            self._command = words[0]
            attr = self._at(words[1])
            struct = struct_of(self._command, self._memory.read(attr, 0, words[2]))
            if struct is None:
                raise FormatError("unknown attr")
            self._structure(struct, attr, words[2], "attr")
            values = numbers(struct, self.blocks[0].before or b"")
            _bounded(struct, values)
            if struct is BpfAttrTestRun and values["ctx_in"]:
                _check_context(values["prog_fd"])
        elif name == "perf_event_open":
            attr = self._at(words[0])
            size = numbers(PerfEventAttr, self._memory.read(attr, 0, 8))["size"]
            self._structure(PerfEventAttr, attr, max(size, _PERF_ATTR_SIZE_VER0), "attr")

    def _at(self, address: int) -> int:
        index = self._memory.at(address)
        if index is None:
            raise FormatError("the attr was not recorded")
        return index

    def _structure(self, struct: type[Structure], index: int, size: int, path: str) -> None:
        """Validate a structure of ``size`` bytes at the start of a block."""
        if size > self._memory.size(index):
            raise FormatError(f"a structure of {size} bytes is larger than its block")
        self._memory.clear(index, ctypes.sizeof(struct), size)
        self._descriptors(struct, index, size)
        found = len(self.blocks)
        self.blocks.append(Block(path, "struct", size, struct=struct))
        if (
            struct is PerfEventAttr
        ):  # only the attrs of probes contain a pointer, which refers to a name
            target = self._promised(index, place(struct, "config1").offset)
            if target is not None:
                self._found(f"{path}.config1", "kprobe", target)
        else:
            self._learn(numbers(struct, self._memory.read(index, 0, size)))
            self._pointers(struct, index, size, path)
        before = self._memory.read(index, 0, size)
        self.blocks[found] = self.blocks[found]._replace(before=before)

    def _found(self, path: str, kind: str, target: int) -> None:
        before = self._memory.read(target)
        self.blocks.append(Block(path, kind, len(before), before))

    def _descriptors(self, struct: type[Structure], index: int, size: int) -> None:
        for field, number in fd_fields(struct, self._memory.read(index, 0, size)).items():
            offset = place(struct, field).offset
            if number not in self._own and offset + 4 <= size:
                self._memory.write(index, offset, _NO_FD)

    def _pointers(self, struct: type[Structure], index: int, size: int, path: str) -> None:
        """Validate each pointer of a structure, and the memory that it points to."""
        rows = pointers(struct, self._command)
        if (
            struct is BpfLinkInfo
        ):  # this is the info of an unknown type, with pointers at unknown offsets
            self._memory.clear(index, place(struct, "_part").offset, size)
        for field in given(struct, size):
            if field not in rows:
                continue
            target = self._promised(index, place(struct, field).offset, size)
            if target is None:
                continue
            values = numbers(struct, self._memory.read(index, 0, size))
            if (
                values.get("map_fd", -1) == _NO_FD_NUMBER
            ):  # the call fails before the kernel uses a pointer
                continue
            self._check_size(field, rows[field], target, values)
            self._contents(rows[field], target, values, f"{path}.{field}")

    def _promised(self, index: int, at: int, size: int | None = None) -> int | None:
        """Return the block that the pointer at offset ``at`` refers to.

        All other pointers in the structure are set to NULL.
        """
        raw = self._memory.read(index, at, 8 if size is None else size - at)[:8]
        target = self._memory.at(int.from_bytes(raw, "little"))
        if target is None or target == index:
            self._memory.clear(index, at, at + 8)
            return None
        return target

    def _check_size(self, field: str, row: Points, target: int, values: dict[str, int]) -> None:
        """Raise FormatError if a block is smaller than the memory a pointer needs."""
        needed, room = row.size(values, self._known), self._memory.size(target)
        if needed == TEXT:
            return  # zeros follow each block, so a string is always terminated
        if needed <= 0:
            raise FormatError(f"unknown size of the memory that {field} points to")
        if needed > room:
            does = "reads" if row.way == IN else "writes"
            raise FormatError(f"{field} points to {room} bytes, but the kernel {does} {needed}")

    def _contents(self, row: Points, target: int, values: dict[str, int], path: str) -> None:
        """Validate the pointers and descriptors in the memory that a pointer refers to."""
        if row.kind == "info":
            struct = info_struct(self._known.thing(values["bpf_fd"]))
            if struct is None:
                self._memory.clear(target, 0, self._memory.size(target))
            else:
                self._structure(struct, target, values["info_len"], path)
            return
        if row.kind == "texts":
            for at in range(0, self._memory.size(target) - 7, 8):
                self._promised(target, at)
        elif row.way == IN:
            raw = self._memory.read(target)
            for at in self._fds_in(row.kind, raw, values):
                if int.from_bytes(raw[at : at + 4], "little") not in self._own:
                    self._memory.write(target, at, _NO_FD)
        self._found(path, row.kind, target)

    def _fds_in(self, kind: str, raw: bytes, values: dict[str, int]) -> Iterator[int]:
        """Yield the offsets of the descriptors in memory that the kernel reads."""
        if kind == "insns":
            yield from fd_places(raw)
        elif kind == "fds":
            yield from (at for at in range(0, len(raw) - 3, 4) if any(raw[at : at + 4]))
        elif kind in ("key", "value") and len(raw) >= 4:
            row = map_kind(self._known.thing(values["map_fd"]).map_type)
            if row.holds if kind == "value" else row.keyed_by == "fd":
                yield 0

    def _learn(self, values: dict[str, int]) -> None:
        """Query the kernel about an object that was opened, or about a link."""
        for field in ("map_fd", "bpf_fd"):
            fd = values.get(field, -1)
            thing = self._known.thing(fd)
            if fd not in self._own or thing.kind == PINNED:
                continue
            try:
                if thing.kind == "map" and thing.map_type < 0:
                    info = obj_get_info(fd, BpfMapInfo())
                    sizes = {"key_size": info.key_size, "value_size": info.value_size}
                    self._known.things[fd] = thing._replace(map_type=info.type, **sizes)
                elif thing.kind == "link" and thing.link_type < 0:
                    link = obj_get_info(fd, BpfLinkInfo())
                    self._known.things[fd] = thing._replace(link_type=link.type)
            except KernelError:  # the call does not exist before 4.13, or before 5.8 for links
                continue


def _check_context(program: int) -> None:
    """Raise FormatError if the kernel would follow pointers inside a program's context.

    A test run of a program for struct bpf_dummy_ops (net/bpf/bpf_dummy_struct_ops.c, 5.16) reads
    and writes the memory to which the first word of the context points.
    """
    try:
        kind = obj_get_info(program, BpfProgInfo()).type
    except (
        KernelError
    ):  # the descriptor is -1 or not a program, or the call does not exist (before 4.13)
        return
    if kind == bpf_prog_type.BPF_PROG_TYPE_STRUCT_OPS:
        raise FormatError("the context of a struct_ops program may contain pointers")


def map_size(values: dict[str, int]) -> int:
    """Return the size in bytes of all keys and values of a map that BPF_MAP_CREATE creates."""
    copies = len(possible_cpus()) if map_kind(values["map_type"]).per_cpu else 1
    size = (values["key_size"] + values["value_size"] * copies) * values["max_entries"]
    return max(size, values["max_entries"])


def _bounded(struct: type[Structure], values: dict[str, int]) -> None:
    """Raises FormatError if the call would take unbounded memory or time."""
    if struct is BpfAttrTestRun and values["repeat"] > _MOST_REPEATS:
        raise FormatError(
            f"the call runs the program {values['repeat']} times, but the limit is {_MOST_REPEATS}"
        )
    if struct is BpfAttrMapCreate and map_size(values) > LARGEST_MAP:
        raise FormatError(f"the map is larger than {LARGEST_MAP >> 20} MiB")
