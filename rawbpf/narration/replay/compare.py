"""Compare the results of a repeated call with those in the recording.

The comparison covers results, errnos and the memory that the kernel wrote. Verifier logs are not
compared, nor are values that differ in every run: times, IDs, and the number of events that ended a
sleep.
"""

from __future__ import annotations

from operator import ne
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rawbpf.narration.capture.call import Block, Call

__all__ = ["differences"]


def differences(call: Call, result: int, written: Sequence[bytes]) -> Iterator[str]:
    """Describe the differences.

    ``written`` holds the contents of each block after the repeated call.
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
    """Return the bytes, with zeros in place of the parts that differ in every run."""
    rest = bytearray(data)
    for at, size in (*block.varies, *((ref.at, ref.size) for ref in block.refs)):
        begin, end = max(at, 0), max(min(at + size, len(rest)), 0)
        rest[begin:end] = bytes(max(end - begin, 0))
    return bytes(rest)
