"""A view of a call for use in the reason tables, and the rows of these tables.

Each property is computed only from this call and earlier calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.narration.capture.known import Thing, made_by, numbers_of
from rawbpf.narration.capture.layout import member
from rawbpf.uapi.bpf import bpf_attach_type, bpf_map_type, bpf_prog_type
from rawbpf.uapi.perf_event import perf_event_ioc

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import IntEnum

    from rawbpf.narration.capture.call import Call
    from rawbpf.narration.capture.known import Known

__all__ = ["CallView", "Reason", "always"]

_TRIAL = "rawbpf_probe"
"""The name that ``features`` gives to the maps and programs with which it probes the kernel."""

_NO_FD = 0xFFFFFFFF
_EPOLL_EVENTS = slice(0, 4)
_PAGE = 4096
_WALKS = {"PROG": "programs", "MAP": "maps", "LINK": "links", "BTF": "BTF objects"}


class CallView:
    """A view of ``call`` that also uses what was learned from earlier calls."""

    def __init__(self, call: Call, known: Known) -> None:
        self._call, self._known = call, known
        self.attr = numbers_of(call)
        self.words = call.words

    @property
    def _thing(self) -> Thing:
        """The map, program or event that the call operates on."""
        for field in ("map_fd", "bpf_fd", "prog_fd"):
            if field in self.attr:
                return self._known.thing(self.attr[field])
        fd = self.words[4] if self._call.name == "mmap" else self.words[0]
        return self._known.thing(fd)

    @property
    def kind(self) -> str:
        """``map``, ``prog``, ``perf`` ...; empty if unknown."""
        return self._thing.kind

    @property
    def noun(self) -> str:
        """The kind of the object, as a word for use in a sentence."""
        return {"prog": "program", "btf": "BTF object"}.get(self.kind, self.kind)

    @property
    def name(self) -> str:
        """The name of the map or program that the call creates or operates on."""
        made = self._call.key in ("BPF_MAP_CREATE", "BPF_PROG_LOAD")
        return made_by(self._call).name if made else self._thing.name

    @property
    def walks_over(self) -> str:
        """The kind of objects whose IDs are enumerated."""
        return _WALKS[self._call.command.split("_")[1]]

    @property
    def is_linked(self) -> bool:
        """Whether a link also refers to the event."""
        return self._thing.linked

    @property
    def was_found(self) -> bool:
        """Whether the object was opened by ID and may therefore be in use by other processes."""
        return self._thing.name.startswith("id ")

    @property
    def is_trial(self) -> bool:
        """Whether the object is created only to test for a feature."""
        return self.name == _TRIAL

    @property
    def is_section(self) -> bool:
        """Whether the map is a section of an object: .data, .rodata, .bss or .kconfig."""
        return "." in self.name and "/" not in self.name  # a name with a slash is a path in bpffs

    @property
    def map_type(self) -> str:
        """The name of the map's type."""
        return _name(bpf_map_type, self.attr.get("map_type", self._thing.map_type))

    def map_is(self, part: str) -> bool:
        """Return whether the name of the map's type contains ``part``."""
        return part in self.map_type

    @property
    def inner(self) -> str:
        """The map that is the template for inner maps."""
        fd = self.attr["inner_map_fd"]
        return f"{fd}<{self._known.label(fd)}>"

    @property
    def key(self) -> int:
        """The map key as a number."""
        block = self._call.block("attr.key")
        return int.from_bytes((block.before or b"") if block is not None else b"", "little")

    @property
    def prog_type(self) -> str:
        """The name of the program type."""
        return _name(bpf_prog_type, self.attr["prog_type"])

    @property
    def wants_log(self) -> bool:
        """Whether the call requests a verifier log."""
        return bool(self.attr.get("log_level"))

    @property
    def has_buffers(self) -> bool:
        """Whether the info structure is passed with buffers for arrays."""
        return any(block.path.startswith("attr.info.") for block in self._call.blocks)

    def attaches(self, part: str) -> bool:
        """Return whether the name of the attach type contains ``part``."""
        return part in _name(bpf_attach_type, self.attr.get("attach_type", -1))

    @property
    def is_trial_link(self) -> bool:
        """Whether a link is created with an invalid target, only to test for a feature."""
        return self._thing.name == _TRIAL or self.attr.get("target_fd") == _NO_FD

    @property
    def target(self) -> str:
        """The target to which a link is attached."""
        fd = self.attr["target_fd"]
        return f"{fd}<{self._known.label(fd)}>"

    @property
    def event(self) -> str:
        """The kind of perf event that the call opens."""
        return made_by(self._call).kind

    @property
    def cpu(self) -> int:
        """The ``cpu`` argument of perf_event_open(2)."""
        return self.words[2]

    @property
    def request(self) -> str:
        """The ioctl(2) request without its prefix."""
        return _name(perf_event_ioc, self.words[1]).removeprefix("PERF_EVENT_IOC_")

    @property
    def data_pages(self) -> int:
        """The number of pages in a perf ring, excluding the control page."""
        return self.words[1] // _PAGE - 1

    @property
    def unmaps(self) -> str:
        """The kind of the file descriptor whose memory mapping is removed."""
        return self._known.thing(self._known.mappings.get(self.words[0], -1)).kind

    def kind_of_word(self, at: int) -> str:
        """Return the kind of the descriptor in an argument word."""
        return self._known.thing(self.words[at]).kind

    def label_of_word(self, at: int) -> str:
        """Return the label of the descriptor in an argument word."""
        return self._call.fds.get(self.words[at], "")

    @property
    def watched_events(self) -> int:
        """The events to which epoll_ctl(2) subscribes."""
        block = self._call.block("event")
        raw = (block.before or b"") if block is not None else b""
        return int.from_bytes(raw[_EPOLL_EVENTS], "little")

    @property
    def watches_rings(self) -> bool:
        """Whether this epoll instance watches a ring."""
        return self._has_ring(self._thing)

    @property
    def rings_are_watched(self) -> bool:
        """Whether any epoll instance watches a ring."""
        return any(map(self._has_ring, self._known.things.values()))

    def _has_ring(self, epoll: Thing) -> bool:
        watched = map(self._known.thing, epoll.watches)
        return any(thing.kind in ("perf", "map") for thing in watched)

    @property
    def _before(self) -> Call | None:
        """The previous call with the same command and the same first operand, or None."""
        last = self._known.last.get(self._call.key)
        if last is None or len(last.blocks) < 2 or len(self._call.blocks) < 2:
            return None
        return last if last.blocks[1].before == self._call.blocks[1].before else None

    def failed_before(self, errno: str) -> bool:
        """Return whether the same call has just failed with the given errno."""
        return self._before is not None and self._before.errno == errno

    @property
    def rejection(self) -> str:
        """The errno with which the same program was last rejected, or "" if it was not rejected."""
        return self._before.errno if self._before is not None else ""

    @property
    def log_before(self) -> int:
        """The log size of the previous attempt, or 0 if that attempt requested no log."""
        return numbers_of(self._before).get("log_size", 0) if self._before is not None else 0

    @property
    def log_was_full(self) -> bool:
        """Whether the previous log buffer was too small, to judge by the current buffer's size."""
        return 0 < self.log_before < self.attr.get("log_size", 0)

    @property
    def asked_before(self) -> bool:
        """Whether the previous info call was about the same descriptor."""
        last = self._known.last.get(self._call.key)
        return last is not None and numbers_of(last).get("bpf_fd") == self.attr.get("bpf_fd")

    @property
    def probe_is_gone(self) -> bool:
        """Whether the last closed descriptor was a probe and no other probe is left."""
        kinds = {thing.kind for thing in self._known.things.values()}
        closed = self._known.last.get("close")
        label = closed.fds.get(closed.words[0], "") if closed is not None else ""
        return "probe:" in label and not any(kind.endswith("probe") for kind in kinds)

    @property
    def opened_disabled(self) -> bool:
        """Whether the most recent perf event was opened with the ``disabled`` bit."""
        last = self._known.last.get("perf_event_open")
        return last is not None and bool(numbers_of(last).get("flags", 0) & 1)


def _name(enum: type[IntEnum], value: int) -> str:
    return member(enum, value) or str(value)


class Reason(NamedTuple):
    """A table row, whose ``sentence`` is true if ``when`` returns True.

    The sentence may contain attributes of a view, in braces.

    ``key`` is a bpf(2) command, the name of another call, or the end of several commands' names,
    such as GET_NEXT_ID.
    """

    key: str
    when: Callable[[CallView], bool]
    sentence: str


def always(_: CallView) -> bool:
    """Return True; this condition is for the last row of a key."""
    return True
