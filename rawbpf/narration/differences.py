"""In what a repeated call differed from the recorded one.

Compared are results, errnos and what the kernel wrote, but for what is never the same twice (times,
ids, how many events a sleep ended with) and the verifier's log.
"""

from __future__ import annotations

from operator import ne
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rawbpf.narration.call import Block, Call

__all__ = ["differences"]


def differences(call: Call, result: int, written: Sequence[bytes]) -> Iterator[str]:
    """In words. ``written``: what is in each block of the call now."""
    if call.name != "epoll_pwait":
        if (result < 0) != (call.result < 0) or (not call.makes and result != call.result):
            yield f"{_said(call)} then, {_said(call._replace(result=result))} now"
        for block, now in zip(call.blocks, written, strict=True):
            if block.after is not None and block.kind != "log":
                yield from _written(block, now[: len(block.after)])


def _said(call: Call) -> str:
    return call.errno or (hex if call.name == "mmap" else str)(call.result)


def _written(block: Block, now: bytes) -> Iterator[str]:
    """Whether the kernel wrote something else, where it should be the same."""
    then, now = _compared(block, block.after or b""), _compared(block, now)
    if then == now:
        return
    count = sum(map(ne, then, now))
    at = next(at for at, (old, new) in enumerate(zip(then, now, strict=True)) if old != new)
    more = f" and {count - 1} more bytes" if count > 1 else ""
    yield f"{block.path}, byte {at}: {then[at]:02x} then, {now[at]:02x} now{more}"


def _compared(block: Block, data: bytes) -> bytes:
    """The bytes with zeros for what is never the same twice."""
    rest = bytearray(data)
    for at, size in (*block.varies, *((ref.at, ref.size) for ref in block.refs)):
        begin, end = max(at, 0), max(min(at + size, len(rest)), 0)
        rest[begin:end] = bytes(max(end - begin, 0))
    return bytes(rest)
