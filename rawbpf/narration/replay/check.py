"""Check that a recorded call is safe to repeat, and compare its results with the recording.

A recording is read from a file and may be damaged. The kernel writes to addresses in an attr, so an
address must not be passed on unless its target was recorded, and a block must not be shorter than
the call claims. Every well-formed call is repeated: replaying a recording is as dangerous as
running a program.

The comparison covers results, errnos and the memory that the kernel wrote. The comparison omits
verifier logs and values that differ in every run: times, IDs, and the number of events that ended a
sleep.
"""

from __future__ import annotations

from operator import ne
from typing import TYPE_CHECKING

from rawbpf.errors import FormatError
from rawbpf.narration.capture.call import WORDS
from rawbpf.syscall.fd import EVENT
from rawbpf.uapi.perf_event import perf_event_ioc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rawbpf.narration.capture.call import Block, Call, Ref

__all__ = ["check", "differences", "room_of"]

_LARGEST = 1 << 26

_ADDRESSES = {"bpf": (1,), "perf_event_open": (0,), "epoll_ctl": (3,), "epoll_pwait": (1, 4)}
"""Maps each call to the words that contain addresses."""

_IOCTLS = set(perf_event_ioc) - {perf_event_ioc.PERF_EVENT_IOC_ID}
"""Requests whose argument is not an address."""


def check(call: Call) -> None:
    """Raise FormatError if a call is not safe to repeat."""
    wrong = next(iter(_wrong(call)), None)
    if wrong is not None:
        raise FormatError(f"cannot repeat {call.key}", why=wrong)


def _wrong(call: Call) -> Iterator[str]:
    """Yield defects.

    Only the first defect is reported, since each check relies on the previous checks.
    """
    if call.name not in WORDS:
        yield f"unknown call {call.name!r}"
    if call.name == "mmap" and call.words[0]:
        yield "its address must be NULL"
    if call.name in ("close", "munmap") and not _names_its_target(call):
        yield "what it closes or unmaps was not recorded"
    if any(block.room < 0 for block in call.blocks) or _total(call) > _LARGEST:
        yield "a block has an invalid size"
    if not all(_fits(call, ref, len(call.words), 1) for ref in call.refs):
        yield "a reference is out of range"
    if not all(_fits(call, ref, room_of(block), ref.size) for block in call.blocks
               for ref in block.refs):  # fmt: skip
        yield "a reference is out of range"
    recorded = {ref.at for ref in call.refs if ref.block is not None}
    if any(call.words[at] and at not in recorded for at in _ADDRESSES.get(call.name, ())):
        yield "the memory that an address points to was not recorded"
    yield from _too_short(call)


def _names_its_target(call: Call) -> bool:
    """Return whether the first word is marked as the descriptor or mapping to remove."""
    ours = [ref for ref in call.refs if ref.at == 0 and ref.block is None]
    return len(call.refs) == len(ours) == 1 and (ours[0].fd is None) is (call.name == "munmap")


def room_of(block: Block) -> int:
    """Return the size of a block's memory in bytes."""
    return max(block.room, len(block.before or b""))


def _total(call: Call) -> int:
    return sum(map(room_of, call.blocks))


def _fits(call: Call, ref: Ref, room: int, width: int) -> bool:
    """Return whether a reference lies within its memory and points to an existing block."""
    leads = ref.block is None or 0 <= ref.block < len(call.blocks)
    return leads and ref.size in (4, 8) and 0 <= ref.at <= room - width


def _too_short(call: Call) -> Iterator[str]:
    """Yield memory blocks that are smaller than the call claims to the kernel."""
    if call.name == "ioctl" and call.words[1] not in _IOCTLS:
        yield "unknown request"
    if call.name == "epoll_pwait" and call.words[2] * EVENT.size > _room(call, "events"):
        yield "its buffer is too small for the events that it requests"
    if call.name == "bpf":
        attr = call.block("attr")
        if attr is None or attr.struct is None or call.words[2] > attr.room:
            yield "its attr is unknown, or shorter than its size argument"


def _room(call: Call, path: str) -> int:
    block = call.block(path)
    return 0 if block is None else block.room


def differences(call: Call, result: int, written: Sequence[bytes]) -> Iterator[str]:
    """Describe the differences.

    ``written`` contains each block's contents after the repeated call.
    """
    if call.name != "epoll_pwait":
        if (result < 0) != (call.result < 0) or (not call.makes and result != call.result):
            yield f"recorded {_outcome(call)}, now {_outcome(call._replace(result=result))}"
        for block, now in zip(call.blocks, written, strict=True):
            if block.after is not None and block.kind != "log":
                yield from _written(block, now[: len(block.after)])


def _outcome(call: Call) -> str:
    return call.errno or (hex if call.name == "mmap" else str)(call.result)


def _written(block: Block, now: bytes) -> Iterator[str]:
    """Describe the difference in the memory that the kernel wrote, if any."""
    then, now = _compared(block, block.after or b""), _compared(block, now)
    if then == now:
        return
    count = sum(map(ne, then, now))
    at = next(at for at, (old, new) in enumerate(zip(then, now, strict=True)) if old != new)
    more = f" and {count - 1} more bytes" if count > 1 else ""
    yield f"{block.path}, byte {at}: recorded {then[at]:02x}, now {now[at]:02x}{more}"


def _compared(block: Block, data: bytes) -> bytes:
    """Return the bytes with zeros in place of the parts that differ from run to run."""
    rest = bytearray(data)
    for at, size in (*block.varies, *((ref.at, ref.size) for ref in block.refs)):
        begin, end = max(at, 0), max(min(at + size, len(rest)), 0)
        rest[begin:end] = bytes(max(end - begin, 0))
    return bytes(rest)
