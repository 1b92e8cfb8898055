"""What the calls so far have made: descriptors, maps and their sizes, mappings.

A descriptor is a number until one knows which call returned it. That was one of ours, or the
number came from elsewhere (a pipe, a cgroup's folder): then /proc/self/fd says what it is, as
strace -y does.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from rawbpf.errors import RawbpfError
from rawbpf.kernel.cpus import possible_cpus
from rawbpf.narration.layout import numbers, text
from rawbpf.narration.made import Thing, made_by, numbers_of
from rawbpf.output.text import printable
from rawbpf.specs.map_spec import map_kind
from rawbpf.uapi.bpf_info import BpfMapInfo
from rawbpf.uapi.bpf_link_info import BpfLinkInfo

if TYPE_CHECKING:
    from rawbpf.narration.call import Call

__all__ = ["Known"]


class Known:
    """Learns from each call when it has returned."""

    def __init__(self) -> None:
        self.things: dict[int, Thing] = {}
        self.mappings: dict[int, int] = {}
        self.last: dict[str, Call] = {}

    def thing(self, fd: int) -> Thing:
        """What the calls so far say of a descriptor; a Thing without a kind if they say nothing."""
        return self.things.get(fd, Thing(""))

    def label(self, fd: int) -> str:
        """What the descriptor is, for people; empty if there is no telling."""
        if fd in self.things:
            return self.things[fd].label
        try:
            return printable(str(Path(f"/proc/self/fd/{fd}").readlink()))
        except OSError:  # there is no such descriptor, or no /proc
            return ""

    def key_size(self, fd: int) -> int:
        """Of a map's keys, in bytes; 0 if it has none, or the map is not known."""
        return self.thing(fd).key_size

    def value_size(self, fd: int) -> int:
        """What one lookup moves: of a per-CPU map, the values of all possible CPUs."""
        thing = self.thing(fd)
        kind = map_kind(thing.map_type)
        if kind.per_cpu:
            return -(-thing.value_size // 8) * 8 * _cpu_count()
        return 4 if kind.holds else thing.value_size

    def learn(self, call: Call) -> None:
        """Remember what the call made, or took away."""
        self.last[call.key] = call
        if call.result < 0:
            return
        if call.name == "close":
            self.things.pop(call.words[0], None)
        elif call.name == "munmap":
            self.mappings.pop(call.words[0], None)
        elif call.name == "mmap":
            self.mappings[call.result] = call.words[4]
        elif call.name == "epoll_ctl":
            epoll = self.thing(call.words[0])
            self.things[call.words[0]] = epoll._replace(watches=(*epoll.watches, call.words[2]))
        elif call.key == "BPF_OBJ_GET_INFO_BY_FD":
            self._learn_info(call)
        elif call.makes_fd:
            self.things[call.result] = made_by(call)
            target = numbers_of(call).get("target_fd", -1)
            if call.key == "BPF_LINK_CREATE" and target in self.things:
                self.things[target] = self.things[target]._replace(linked=True)

    def _learn_info(self, call: Call) -> None:
        """What was not made by us: its info tells the sizes of a map, the type of a link."""
        info = call.block("attr.info")
        fd = numbers_of(call).get("bpf_fd", -1)
        if info is not None and info.struct is BpfLinkInfo and info.after:
            told = numbers(BpfLinkInfo, info.after)
            self.things[fd] = self.thing(fd)._replace(link_type=told["type"])
        if info is not None and info.struct is BpfMapInfo and info.after:
            told = numbers(BpfMapInfo, info.after)
            sizes = told["type"], told["key_size"], told["value_size"]
            self.things[fd] = Thing("map", text(BpfMapInfo, "name", info.after), *sizes)


@cache
def _cpu_count() -> int:
    try:
        return len(possible_cpus())
    except RawbpfError:  # without sysfs: then a value's size is not known
        return 0
