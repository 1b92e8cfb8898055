"""The perf ring: a control page, then 2^n pages of data that the kernel writes round and round.

    control page                     data, 2^n pages
    ┌───────────────────────┐        ┌────────────────────────────────────────────┐
    │ 1024 data_head  (ours │        │░░ free ░░│ record │ record │ record │░░░░░░│
    │ 1032 data_tail   to   │        └──────────┴────────────────────────┴────────┘
    │          ...    read) │                 tail & mask              head & mask
    └───────────────────────┘

Both positions count bytes since the ring was made and only ever grow; masked by the size of the
data they are offsets. The kernel writes up to data_head and never past data_tail + size; we read up
to data_head, then publish data_tail to give the space back.

A mapping without PROT_WRITE would select the overwriting mode, in which the kernel does not look
at data_tail at all and never reports what it lost.

Records may wrap around the end of the data. ``take`` copies all there is in at most two slices, so
that everything behind it works on bytes in one piece, and the space is free again at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.errors import UsageError
from rawbpf.uapi.perf_event import PerfEventMmapPage

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PerfRing"]

# The control page as a row of 64-bit words: a store to one of them is one store, where
# struct.pack_into would zero the bytes first and let the kernel see the zero.
_HEAD = PerfEventMmapPage.data_head.offset // 8
_TAIL = PerfEventMmapPage.data_tail.offset // 8


class PerfRing:
    """A cursor over ``memory``: one control page and a power of two of data pages.

    ``fence`` orders reading the head before reading the records, and reading the records before
    publishing the tail, on processors that need to be told.
    """

    __slots__ = ("_control", "_data", "_fence", "_mask", "damage")

    def __init__(self, memory: memoryview, page_size: int, fence: Callable[[], None]) -> None:
        size = len(memory) - page_size
        if size < page_size or size & (size - 1):
            raise UsageError(f"a perf ring has 2^n pages of data, not {size} bytes")
        self._control = memory[:page_size].cast("Q")
        self._data = memory[page_size:]
        self._mask = size - 1
        self._fence = fence
        self.damage: str | None = None

    def take(self) -> bytes:
        """Copy out all that the kernel has published, and give its space back.

        The head is read once. Reading it again until the ring is empty would let one busy ring
        starve the others, and the deadline with them.
        """
        head, tail = self._control[_HEAD], self._control[_TAIL]
        self._fence()
        length = head - tail
        if length < 0 or length > self._mask + 1:
            # Nothing between impossible positions can be trusted. Go on from where the kernel is.
            self.damage = f"head {head} and tail {tail} of a ring of {self._mask + 1} bytes"
            length = 0
        start = tail & self._mask
        data = bytes(self._data[start : start + length])
        data += bytes(self._data[: length - len(data)])
        self._fence()
        if head != tail:
            self._control[_TAIL] = head
        return data

    def release(self) -> None:
        """Let go of the memory, so that it can be unmapped."""
        self._control.release()
        self._data.release()
