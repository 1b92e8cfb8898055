"""A call as the tables of reasons see it: short questions, each answered from calls alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.narration.look_back import LookBack
from rawbpf.narration.made import Thing, made_by
from rawbpf.narration.values import member
from rawbpf.uapi.bpf import bpf_attach_type, bpf_map_type, bpf_prog_type
from rawbpf.uapi.perf_event import perf_event_ioc

if TYPE_CHECKING:
    from enum import IntEnum

__all__ = ["Look"]

_TRIAL = "rawbpf_probe"
"""The name of what ``features`` makes, to see whether a kernel can."""

_NO_FD = 0xFFFFFFFF
_EPOLL_EVENTS = slice(0, 4)
_PAGE = 4096


class Look(LookBack):
    """``call``, and what was known when it was made."""

    @property
    def _thing(self) -> Thing:
        """What the call is about: a map, a program, an event."""
        for field in ("map_fd", "bpf_fd", "prog_fd"):
            if field in self.attr:
                return self._known.thing(self.attr[field])
        fd = self.words[4] if self._call.name == "mmap" else self.words[0]
        return self._known.thing(fd)

    @property
    def kind(self) -> str:
        """``map``, ``prog``, ``perf`` ...; empty if that is not known."""
        return self._thing.kind

    @property
    def noun(self) -> str:
        """The same, as one says it."""
        return {"prog": "program", "btf": "description of types"}.get(self.kind, self.kind)

    @property
    def name(self) -> str:
        """The name of the map or program that the call makes or is about."""
        made = self._call.key in ("BPF_MAP_CREATE", "BPF_PROG_LOAD")
        return made_by(self._call).name if made else self._thing.name

    @property
    def walks_over(self) -> str:
        """What a walk by ids is over."""
        words = {
            "PROG": "programs",
            "MAP": "maps",
            "LINK": "links",
            "BTF": "types that were loaded",
        }
        return words[self._call.command.split("_")[1]]

    @property
    def is_linked(self) -> bool:
        """Whether a link holds it, too."""
        return self._thing.linked

    @property
    def was_found(self) -> bool:
        """Whether it was opened by its id, and so is somebody's already."""
        return self._thing.name.startswith("id ")

    @property
    def is_trial(self) -> bool:
        """Whether this is made only to see whether the kernel can."""
        return self.name == _TRIAL

    @property
    def is_section(self) -> bool:
        """Whether the map is a section of an object: .data, .rodata, .bss, .kconfig."""
        return "." in self.name and "/" not in self.name  # which is where it is pinned

    @property
    def map_type(self) -> str:
        """The name of the map's type."""
        return _name(bpf_map_type, self.attr.get("map_type", self._thing.map_type))

    def map_is(self, part: str) -> bool:
        """Whether ``part`` is in the name of the map's type."""
        return part in self.map_type

    @property
    def inner(self) -> str:
        """The map that stands for the inner ones."""
        fd = self.attr["inner_map_fd"]
        return f"{fd}<{self._known.label(fd)}>"

    @property
    def key(self) -> int:
        """The key, as a number."""
        block = self._call.block("attr.key")
        return int.from_bytes((block.before or b"") if block is not None else b"", "little")

    @property
    def prog_type(self) -> str:
        """The name of the program's type."""
        return _name(bpf_prog_type, self.attr["prog_type"])

    @property
    def wants_log(self) -> bool:
        """Whether the verifier is to write a log."""
        return bool(self.attr.get("log_level"))

    @property
    def has_room(self) -> bool:
        """Whether an info comes with buffers of its own."""
        return any(block.path.startswith("attr.info.") for block in self._call.blocks)

    def attaches(self, part: str) -> bool:
        """Whether ``part`` is in the name of the attach type."""
        return part in _name(bpf_attach_type, self.attr.get("attach_type", -1))

    @property
    def is_trial_link(self) -> bool:
        """Whether the target of a link is one that cannot be."""
        return self._thing.name == _TRIAL or self.attr.get("target_fd") == _NO_FD

    @property
    def target(self) -> str:
        """What a link is made to."""
        fd = self.attr["target_fd"]
        return f"{fd}<{self._known.label(fd)}>"

    @property
    def event(self) -> str:
        """What kind of perf event is opened."""
        return made_by(self._call).kind

    @property
    def cpu(self) -> int:
        """The CPU of perf_event_open(2)."""
        return self.words[2]

    @property
    def request(self) -> str:
        """Of ioctl(2), without its prefix."""
        return _name(perf_event_ioc, self.words[1]).removeprefix("PERF_EVENT_IOC_")

    @property
    def data_pages(self) -> int:
        """Pages of a ring, but for the page of control."""
        return self.words[1] // _PAGE - 1

    @property
    def unmaps(self) -> str:
        """What the memory that is given back was a mapping of."""
        return self._known.thing(self._known.mappings.get(self.words[0], -1)).kind

    def kind_of_word(self, at: int) -> str:
        """What the descriptor in a word is."""
        return self._known.thing(self.words[at]).kind

    def label_of_word(self, at: int) -> str:
        """The same, in words."""
        return self._call.fds.get(self.words[at], "")

    @property
    def watched_events(self) -> int:
        """Which events epoll_ctl(2) asks for."""
        block = self._call.block("event")
        raw = (block.before or b"") if block is not None else b""
        return int.from_bytes(raw[_EPOLL_EVENTS], "little")

    @property
    def watches_rings(self) -> bool:
        """Whether this epoll instance watches a ring."""
        return self._has_ring(self._thing)

    @property
    def rings_are_watched(self) -> bool:
        """Whether any epoll instance does."""
        return any(map(self._has_ring, self._known.things.values()))

    def _has_ring(self, epoll: Thing) -> bool:
        watched = map(self._known.thing, epoll.watches)
        return any(thing.kind in ("perf", "map") for thing in watched)


def _name(enum: type[IntEnum], value: int) -> str:
    return member(enum, value) or str(value)
