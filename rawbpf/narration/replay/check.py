"""Validate the form of a recorded call before it is repeated.

A recording is a file that may be damaged or may have been written by somebody else. These checks
examine only the recorded words and references. The memory to which the words point is checked in
``promises``, after addresses and descriptors have been replaced.

- The number of a bpf(2) command matches its name.
- A word that is an address points to a recorded block, and a word that is a descriptor is marked as
  one, so that a raw number never reaches the kernel in its place.
- A block has at least the size that the other words of the call say.
- Mappings, sleeps and the memory of a call are bounded.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rawbpf.errors import FormatError
from rawbpf.narration.capture.call import WORDS
from rawbpf.narration.capture.draft import FD_REQUESTS, FD_WORDS
from rawbpf.narration.capture.layout import member
from rawbpf.syscall.fd import EVENT, MAP_SHARED, PROT_READ, PROT_WRITE
from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.uapi.bpf_commands import COMMANDS
from rawbpf.uapi.perf_event import PERF_FLAG_FD_CLOEXEC, perf_event_ioc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rawbpf.narration.capture.call import Block, Call, Ref

__all__ = ["check", "check_size", "room_of", "sleep_of"]

_LARGEST = 1 << 25
"""The maximum total size in bytes of all blocks of a call."""

_LARGEST_MAPPING = 1 << 28

_MOST_BLOCKS = 1 << 16

_LONGEST_SLEEP = 60
"""The maximum duration of one sleep in seconds."""

_ADDRESSES = {"bpf": (1,), "perf_event_open": (0,), "epoll_ctl": (3,), "epoll_pwait": (1, 4)}
"""Maps each call to the words that are addresses."""

_SWITCHES = {
    perf_event_ioc.PERF_EVENT_IOC_ENABLE,
    perf_event_ioc.PERF_EVENT_IOC_DISABLE,
    perf_event_ioc.PERF_EVENT_IOC_PAUSE_OUTPUT,
}
"""ioctl(2) requests whose argument is 0 or 1."""


def check(call: Call) -> None:
    """Raise FormatError if a call is not safe to repeat."""
    wrong = next(iter(_wrong(call)), None)
    if wrong is not None:
        raise FormatError(f"cannot repeat {call.key}", why=wrong)


def check_size(call: Call, times: int = 1) -> None:
    """Raise FormatError if a call's blocks, enlarged ``times``-fold, are too large."""
    if sum(map(room_of, call.blocks)) * times > _LARGEST:
        why = f"the memory of the call is larger than {_LARGEST >> 20} MiB"
        raise FormatError(f"cannot repeat {call.key}", why=why)


def _wrong(call: Call) -> Iterator[str]:
    """Yield defects.

    Only the first defect is reported, since each check relies on the previous ones.
    """
    if len(call.words) != WORDS.get(call.name, -1):
        yield f"unknown call {call.name!r}"
    if len(call.blocks) > _MOST_BLOCKS or any(block.room < 0 for block in call.blocks):
        yield "a block has an invalid size"
    if not all(_fits(call, ref, len(call.words), 1) for ref in call.refs):
        yield "a reference is out of range"
    if not all(_fits(call, ref, room_of(block), ref.size) for block in call.blocks
               for ref in block.refs):  # fmt: skip
        yield "a reference is out of range"
    blocks = {ref.at for ref in call.refs if ref.block is not None}
    addresses = _ADDRESSES.get(call.name, ())
    if any(call.words[at] and at not in blocks for at in addresses):
        yield "the memory that an address points to was not recorded"
    yield from _CHECKS.get(call.name, _nothing)(call)
    if call.command and call.name != "bpf":
        yield f"{call.name} does not take commands"
    if blocks - set(addresses):
        yield "a word that is not an address refers to memory"
    if {ref.at for ref in call.refs if ref.fd is not None} != _fd_words(call):
        yield "the arguments do not identify the descriptors that the call uses"


def room_of(block: Block) -> int:
    """Return the size of a block's memory in bytes."""
    return max(block.room, len(block.before or b""))


def sleep_of(call: Call) -> int:
    """Return how many milliseconds an epoll_pwait may sleep, according to the recording.

    During a replay, the sleep may be ended by fewer events.
    """
    waited, timeout = math.ceil(call.seconds * 1000), call.words[3]
    return waited if timeout < 0 else min(timeout, waited)


def _fits(call: Call, ref: Ref, room: int, width: int) -> bool:
    """Return whether a reference lies within its memory and refers to an existing block."""
    leads = ref.block is None or 0 <= ref.block < len(call.blocks)
    return leads and ref.size in (4, 8) and 0 <= ref.at <= room - width


def _fd_words(call: Call) -> set[int]:
    """Return the words that are descriptors."""
    words = set(FD_WORDS.get(call.name, ()))
    sets = call.name == "ioctl" and call.words[1] in FD_REQUESTS
    return words | {2} if sets else words


def _nothing(_call: Call) -> Iterator[str]:
    yield from ()


def _bpf(call: Call) -> Iterator[str]:
    """Check the command number and the size of the attr."""
    number, _, size = call.words
    name = member(bpf_cmd, number)
    if call.command != (name or f"command {number}"):
        yield f"the call number {number} belongs to {name or 'an unknown command'}"
    if not name or COMMANDS[bpf_cmd(number)].struct is None:
        yield "unknown attr"
    if not 0 <= size <= _room(call, 1):
        yield "the attr is shorter than the size argument"


def _room(call: Call, word: int) -> int:
    """Return the size of the block that a word points to, or 0 if the word is not a pointer."""
    index = next((ref.block for ref in call.refs if ref.at == word), None)
    return 0 if index is None else room_of(call.blocks[index])


def _removes(call: Call) -> Iterator[str]:
    """Check that the first word is marked as a reference to the descriptor or mapping to remove."""
    ours = [ref for ref in call.refs if ref.at == 0 and ref.block is None]
    if len(call.refs) != 1 or len(ours) != 1 or (ours[0].fd is None) is (call.name == "close"):
        yield "the descriptor or mapping that the call closes was not recorded"


def _perf_event_open(call: Call) -> Iterator[str]:
    if call.words[3] != -1 or call.words[4] not in (0, PERF_FLAG_FD_CLOEXEC):
        yield "group or flags that rawbpf never uses"
    if not call.words[0]:
        yield "unknown attr"


def _ioctl(call: Call) -> Iterator[str]:
    request, argument = call.words[1:]
    if request in FD_REQUESTS:
        return
    if request not in _SWITCHES:
        yield f"unknown request {request:#x}"
    if argument not in (0, 1):
        yield f"invalid argument {argument:#x}"


def _mmap(call: Call) -> Iterator[str]:
    address, size, protection, flags = call.words[:4]
    if address:
        yield "the address must be NULL"
    if not 0 < size <= _LARGEST_MAPPING:
        yield f"the mapping has {size} bytes, but at most {_LARGEST_MAPPING >> 20} MiB are allowed"
    if protection not in (PROT_READ, PROT_READ | PROT_WRITE) or flags != MAP_SHARED:
        yield "protection or flags that rawbpf never uses"


def _epoll_ctl(call: Call) -> Iterator[str]:
    if call.words[3] and _room(call, 3) < EVENT.size:
        yield "the event is too small"


def _epoll_pwait(call: Call) -> Iterator[str]:
    most = call.words[2]
    if not call.words[1] or most <= 0 or most * EVENT.size > _room(call, 1):
        yield "the buffer is too small for the requested events"
    if call.words[4]:
        yield "rawbpf never uses a signal mask"
    if sleep_of(call) > _LONGEST_SLEEP * 1000:
        yield (
            f"the call sleeps for {sleep_of(call) / 1000:g} s, but at most {_LONGEST_SLEEP} "
            f"s are allowed"
        )


_CHECKS: dict[str, Callable[[Call], Iterator[str]]] = {
    "bpf": _bpf,
    "perf_event_open": _perf_event_open,
    "ioctl": _ioctl,
    "mmap": _mmap,
    "munmap": _removes,
    "close": _removes,
    "epoll_ctl": _epoll_ctl,
    "epoll_pwait": _epoll_pwait,
}
