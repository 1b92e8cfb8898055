"""What a call has made, as far as the call itself says: a descriptor of what, with which name.

A map tells its sizes, for what its keys and values point to has no other length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.narration.layout import numbers, text
from rawbpf.narration.values import member
from rawbpf.output.text import printable
from rawbpf.uapi.bpf import bpf_attach_type
from rawbpf.uapi.bpf_attr import BpfAttrMapCreate, BpfAttrProgLoad
from rawbpf.uapi.perf_event import PERF_COUNT_SW_BPF_OUTPUT, PERF_TYPE_TRACEPOINT

if TYPE_CHECKING:
    from collections.abc import Callable
    from ctypes import Structure

    from rawbpf.narration.call import Block, Call

__all__ = ["PINNED", "Thing", "made_by", "numbers_of", "text_of"]


PINNED = "pinned"
"""The kind of what was opened by its name, as long as nobody has looked."""


class Thing(NamedTuple):
    """What a descriptor is. Sizes are a map's, in bytes; 0: not known."""

    kind: str
    name: str = ""
    map_type: int = -1
    key_size: int = 0
    value_size: int = 0
    watches: tuple[int, ...] = ()
    link_type: int = -1
    linked: bool = False

    @property
    def label(self) -> str:
        """``map:events``, or the kind alone."""
        return printable(f"{self.kind}:{self.name}" if self.name else self.kind)


def text_of(block: Block | None) -> str:
    """The text that a block begins with, as far as its NUL."""
    raw = (block.before or b"") if block is not None else b""
    return raw.partition(b"\0")[0].decode(errors="backslashreplace")


def made_by(call: Call) -> Thing:
    """What the descriptor is that the call returned."""
    if call.name == "epoll_create1":
        return Thing("epoll")
    if call.name == "perf_event_open":
        return Thing(*_event(call))
    make = _MAKERS.get(call.command)
    return Thing("bpf") if make is None else make(call, numbers_of(call))


def numbers_of(call: Call) -> dict[str, int]:
    """The numbers in a call's structure, as they were given."""
    if not call.blocks or call.blocks[0].struct is None:
        return {}
    return numbers(call.blocks[0].struct, call.blocks[0].before or b"")


def _map(call: Call, attr: dict[str, int]) -> Thing:
    name = _name(call, BpfAttrMapCreate, "map_name")
    return Thing("map", name, attr["map_type"], attr["key_size"], attr["value_size"])


def _name(call: Call, struct: type[Structure], field: str) -> str:
    return text(struct, field, call.blocks[0].before or b"")


def _opened(call: Call, _attr: dict[str, int]) -> Thing:
    """What has a name in bpffs is of any kind. Who was there has looked, and noted it beside."""
    kind, found, _ = call.fds.get(call.result, "").partition(":")
    return Thing(kind if found else PINNED, text_of(call.block("attr.pathname")))


def _link(_call: Call, attr: dict[str, int]) -> Thing:
    kind = attr.get("attach_type", -1)
    name = member(bpf_attach_type, kind) or str(kind)
    return Thing("link", name.removeprefix("BPF_").lower())


def _event(call: Call) -> tuple[str, str]:
    """(kind, name) of a perf event."""
    attr, cpu = numbers_of(call), call.words[2]
    probed = call.block("attr.config1")
    if probed is not None:
        offset = f"+{attr['config2']:#x}" if attr["config2"] else ""
        kind = probed.kind if not attr["config"] & 1 else probed.kind.replace("probe", "retprobe")
        return kind, text_of(probed) + offset
    if attr.get("type") == PERF_TYPE_TRACEPOINT:
        return "tracepoint", str(attr["config"])
    return ("perf" if attr.get("config") == PERF_COUNT_SW_BPF_OUTPUT else "event"), f"cpu{cpu}"


_MAKERS: dict[str, Callable[[Call, dict[str, int]], Thing]] = {
    "BPF_MAP_CREATE": _map,
    "BPF_PROG_LOAD": lambda call, _: Thing("prog", _name(call, BpfAttrProgLoad, "prog_name")),
    "BPF_OBJ_GET": _opened,
    "BPF_BTF_LOAD": lambda _call, _: Thing("btf"),
    "BPF_LINK_CREATE": _link,
    "BPF_RAW_TRACEPOINT_OPEN": lambda call, _: Thing("link", text_of(call.block("attr.name"))),
    "BPF_ITER_CREATE": lambda _call, _: Thing("iter"),
    "BPF_MAP_GET_FD_BY_ID": lambda _, attr: Thing("map", f"id {attr['id']}"),
    "BPF_PROG_GET_FD_BY_ID": lambda _, attr: Thing("prog", f"id {attr['id']}"),
    "BPF_LINK_GET_FD_BY_ID": lambda _, attr: Thing("link", f"id {attr['id']}"),
    "BPF_BTF_GET_FD_BY_ID": lambda _, attr: Thing("btf", f"id {attr['id']}"),
}
