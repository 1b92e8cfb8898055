"""Whether a recorded call can be made again without an accident.

A record is a file, and may be damaged. The kernel writes where an attr points, so an address that
was not recorded with what it points to must not be passed on, and a block must not be shorter than
the call says. What is well formed is made: it is a program in its way, and whoever replays it runs
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.errors import FormatError
from rawbpf.narration.call import WORDS
from rawbpf.syscall.epoll import EVENT
from rawbpf.uapi.perf_event import perf_event_ioc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.narration.call import Block, Call, Ref

__all__ = ["check", "room_of"]

_LARGEST = 1 << 26

_ADDRESSES = {"bpf": (1,), "perf_event_open": (0,), "epoll_ctl": (3,), "epoll_pwait": (1, 4)}
"""Words that are addresses."""

_IOCTLS = set(perf_event_ioc) - {perf_event_ioc.PERF_EVENT_IOC_ID}
"""Requests whose argument is no address."""


def check(call: Call) -> None:
    """FormatError for a call that is not to be made."""
    wrong = next(iter(_wrong(call)), None)
    if wrong is not None:
        raise FormatError(f"{call.key} is not repeated", why=wrong)


def _wrong(call: Call) -> Iterator[str]:
    """What is wrong with it. Only the first is asked for: each stands on those before it."""
    if call.name not in WORDS:
        yield f"rawbpf makes no call {call.name!r}"
    if call.name == "mmap" and call.words[0]:
        yield "its words cannot be meant"
    if call.name in ("close", "munmap") and not _says_what_goes(call):
        yield "it does not say what to let go of"
    if any(block.room < 0 for block in call.blocks) or _total(call) > _LARGEST:
        yield "it has a block of an impossible size"
    if not all(_fits(call, ref, len(call.words), 1) for ref in call.refs):
        yield "it points to where nothing is"
    if not all(_fits(call, ref, room_of(block), ref.size) for block in call.blocks
               for ref in block.refs):  # fmt: skip
        yield "it points to where nothing is"
    recorded = {ref.at for ref in call.refs if ref.block is not None}
    if any(call.words[at] and at not in recorded for at in _ADDRESSES.get(call.name, ())):
        yield "what an address points to was not recorded"
    yield from _too_short(call)


def _says_what_goes(call: Call) -> bool:
    """Whether the first word is a descriptor to be closed, or a mapping to be undone."""
    ours = [ref for ref in call.refs if ref.at == 0 and ref.block is None]
    return len(call.refs) == len(ours) == 1 and (ours[0].fd is None) is (call.name == "munmap")


def room_of(block: Block) -> int:
    """Bytes of memory that a block takes."""
    return max(block.room, len(block.before or b""))


def _total(call: Call) -> int:
    return sum(map(room_of, call.blocks))


def _fits(call: Call, ref: Ref, room: int, width: int) -> bool:
    """Whether it points to a block that there is, from a place that there is."""
    leads = ref.block is None or 0 <= ref.block < len(call.blocks)
    return leads and ref.size in (4, 8) and 0 <= ref.at <= room - width


def _too_short(call: Call) -> Iterator[str]:
    """What is smaller than the kernel is told."""
    if call.name == "ioctl" and call.words[1] not in _IOCTLS:
        yield "its request is not known"
    if call.name == "epoll_pwait" and call.words[2] * EVENT.size > _room(call, "events"):
        yield "it has no room for what it asks for"
    if call.name == "bpf":
        attr = call.block("attr")
        if attr is None or attr.struct is None or call.words[2] > attr.room:
            yield "its attr is not known, or shorter than it says"


def _room(call: Call, path: str) -> int:
    block = call.block(path)
    return 0 if block is None else block.room
