"""Track the objects that earlier calls created: descriptors, maps and their sizes, and mappings.

A descriptor is only a number unless the call that returned it is known. Most descriptors were
returned by recorded calls. For other descriptors (a pipe, a cgroup directory), /proc/self/fd
reveals the target, as in strace -y. Map sizes matter most, because no other source specifies the
length of keys and values.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import RawbpfError
from rawbpf.kernel.hardware import possible_cpus
from rawbpf.narration.capture.layout import member, numbers, text
from rawbpf.output.text import printable
from rawbpf.specs.map_spec import map_kind
from rawbpf.uapi.bpf import bpf_attach_type
from rawbpf.uapi.bpf_attr import BpfAttrMapCreate, BpfAttrProgLoad, BpfMapInfo
from rawbpf.uapi.bpf_link import BpfLinkInfo
from rawbpf.uapi.perf_event import PERF_COUNT_SW_BPF_OUTPUT, PERF_TYPE_TRACEPOINT

if TYPE_CHECKING:
    from collections.abc import Callable
    from ctypes import Structure

    from rawbpf.narration.capture.call import Block, Call

__all__ = ["PINNED", "Known", "Thing", "made_by", "numbers_of", "pinned_kind"]


PINNED = "pinned"
"""The kind of an object that was opened by its path in bpffs, until /proc is consulted."""

_OBJECT = re.compile(r"anon_inode:bpf[-_](map|prog|link)")


class Thing(NamedTuple):
    """The object that a descriptor refers to.

    The sizes are a map's key and value sizes in bytes, or 0 if unknown.

    ``target`` is the perf event of a link, and ``linked`` is set if this event belongs to a link.
    """

    kind: str
    name: str = ""
    map_type: int = -1
    key_size: int = 0
    value_size: int = 0
    watches: tuple[int, ...] = ()
    link_type: int = -1
    target: int = -1
    linked: bool = False

    @property
    def label(self) -> str:
        """A label such as ``map:events``, or only the kind if there is no name."""
        return printable(f"{self.kind}:{self.name}" if self.name else self.kind)


class Known:
    """The facts learned from earlier calls: ``things`` by descriptor, ``mappings`` by address.

    ``last`` contains the most recent call for each key.
    """

    def __init__(self) -> None:
        self.things: dict[int, Thing] = {}
        self.mappings: dict[int, int] = {}
        self.last: dict[str, Call] = {}

    def thing(self, fd: int) -> Thing:
        """Return the object that a descriptor refers to, as far as it is known."""
        return self.things.get(fd, Thing(""))

    def label(self, fd: int) -> str:
        """Return a descriptor's label, or "" if the descriptor is unknown."""
        if fd in self.things:
            return self.things[fd].label
        try:
            return printable(str(Path(f"/proc/self/fd/{fd}").readlink()))
        except OSError:  # the descriptor does not exist, or /proc is not mounted
            return ""

    def key_size(self, fd: int) -> int:
        """Return a map's key size in bytes, or 0 if the map has no keys or is unknown."""
        return self.thing(fd).key_size

    def value_size(self, fd: int) -> int:
        """Return the number of bytes that a lookup in a map copies.

        A per-CPU map has one value per possible CPU.
        """
        thing = self.thing(fd)
        kind = map_kind(thing.map_type)
        if kind.per_cpu:
            return -(-thing.value_size // 8) * 8 * _cpu_count()
        return thing.value_size or (4 if kind.holds else 0)

    def learn(self, call: Call) -> None:
        """Record which objects a call has created or removed."""
        self.last[call.key] = call
        if call.result < 0:
            return
        if call.name == "close":
            self._learn_close(call.words[0])
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
                self.things[call.result] = self.things[call.result]._replace(target=target)
                self.things[target] = self.things[target]._replace(linked=True)
        elif call.key == "BPF_OBJ_PIN":
            fd = numbers_of(call).get("bpf_fd", -1)
            self.things[fd] = self.thing(fd)._replace(
                target=-1
            )  # closing this descriptor detaches nothing

    def _learn_close(self, fd: int) -> None:
        """Forget a descriptor, and release the perf event if the descriptor was a link."""
        closed = self.things.pop(fd, None)
        if closed is not None and closed.target in self.things:
            event = self.things[closed.target]
            self.things[closed.target] = event._replace(linked=False)

    def _learn_info(self, call: Call) -> None:
        """Learn the sizes of a map, or the type of a link, that another process created."""
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
    except RawbpfError:  # without sysfs, the size of the value is unknown
        return 0


def numbers_of(call: Call) -> dict[str, int]:
    """Return the numeric fields of a call's structure, as they were passed to the kernel."""
    if not call.blocks or call.blocks[0].struct is None:
        return {}
    return numbers(call.blocks[0].struct, call.blocks[0].before or b"")


def pinned_kind(label: str) -> str:
    """Return the kind of an object that was opened by its path, based on its label in /proc.

    >>> pinned_kind("anon_inode:bpf-map"), pinned_kind("/dev/null")
    ('map', 'pinned')
    """
    found = _OBJECT.search(label)
    return found[1] if found else PINNED


def made_by(call: Call) -> Thing:
    """Return the object for which a call has created a descriptor."""
    if call.name == "epoll_create1":
        return Thing("epoll")
    if call.name == "perf_event_open":
        return Thing(*_event(call))
    make = _MAKERS.get(call.command)
    return Thing("bpf") if make is None else make(call, numbers_of(call))


def _map(call: Call, attr: dict[str, int]) -> Thing:
    name = _name(call, BpfAttrMapCreate, "map_name")
    return Thing("map", name, attr["map_type"], attr["key_size"], attr["value_size"])


def _name(call: Call, struct: type[Structure], field: str) -> str:
    return text(struct, field, call.blocks[0].before or b"")


def _opened(call: Call, _attr: dict[str, int]) -> Thing:
    """Return a Thing of unknown kind, unless the recorder has already determined its kind."""
    kind, found, _ = call.fds.get(call.result, "").partition(":")
    return Thing(kind if found else PINNED, _text_of(call.block("attr.pathname")))


def _link(_call: Call, attr: dict[str, int]) -> Thing:
    kind = attr.get("attach_type", -1)
    name = member(bpf_attach_type, kind) or str(kind)
    return Thing("link", name.removeprefix("BPF_").lower())


def _event(call: Call) -> tuple[str, str]:
    """Return the (kind, name) of a perf event."""
    attr, cpu = numbers_of(call), call.words[2]
    probed = call.block("attr.config1")
    if probed is not None:
        offset = f"+{attr['config2']:#x}" if attr["config2"] else ""
        kind = probed.kind if not attr["config"] & 1 else probed.kind.replace("probe", "retprobe")
        return kind, _text_of(probed) + offset
    if attr.get("type") == PERF_TYPE_TRACEPOINT:
        return "tracepoint", str(attr["config"])
    return ("perf" if attr.get("config") == PERF_COUNT_SW_BPF_OUTPUT else "event"), f"cpu{cpu}"


def _text_of(block: Block | None) -> str:
    """Return the NUL-terminated text at the start of a block."""
    raw = (block.before or b"") if block is not None else b""
    return raw.partition(b"\0")[0].decode(errors="backslashreplace")


_MAKERS: dict[str, Callable[[Call, dict[str, int]], Thing]] = {
    "BPF_MAP_CREATE": _map,
    "BPF_PROG_LOAD": lambda call, _: Thing("prog", _name(call, BpfAttrProgLoad, "prog_name")),
    "BPF_OBJ_GET": _opened,
    "BPF_BTF_LOAD": lambda _call, _: Thing("btf"),
    "BPF_LINK_CREATE": _link,
    "BPF_RAW_TRACEPOINT_OPEN": lambda call, _: Thing("link", _text_of(call.block("attr.name"))),
    "BPF_ITER_CREATE": lambda _call, _: Thing("iter"),
    "BPF_MAP_GET_FD_BY_ID": lambda _, attr: Thing("map", f"id {attr['id']}"),
    "BPF_PROG_GET_FD_BY_ID": lambda _, attr: Thing("prog", f"id {attr['id']}"),
    "BPF_LINK_GET_FD_BY_ID": lambda _, attr: Thing("link", f"id {attr['id']}"),
    "BPF_BTF_GET_FD_BY_ID": lambda _, attr: Thing("btf", f"id {attr['id']}"),
}
