"""The perf ring: a control page, followed by 2^n pages of data that the kernel writes in a circle.

    control page                     data, 2^n pages
    ┌───────────────────────┐        ┌────────────────────────────────────────────┐
    │ 1024 data_head  (we   │        │░░ free ░░│ record │ record │ record │░░░░░░│
    │ 1032 data_tail  write │        └──────────┴────────────────────────┴────────┘
    │                 this) │                 tail & mask              head & mask
    └───────────────────────┘

data_head and data_tail count bytes since the ring was created and only grow; modulo the size of the
data area, they are offsets into the data area. The kernel writes up to data_head and never past
data_tail + size. The reader reads up to data_head, then stores data_tail to release the space.

The mapping has to be writable. A read-only mapping selects the kernel's overwrite mode, which
ignores data_tail and never reports lost records.

A record may wrap around the end of the data area. ``PerfRing.take`` copies everything in at most
two slices, so that ``perf_records.parse_records`` gets contiguous bytes and the kernel can reuse
the space immediately.

Source: kernel/events/ring_buffer.c, include/uapi/linux/perf_event.h.
"""

from __future__ import annotations

from rawbpf.errors import UsageError
from rawbpf.light_typing import TYPE_CHECKING
from rawbpf.uapi.perf_event import PerfEventMmapPage

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PerfRing"]

# The control page is accessed as an array of 64-bit words, because each word is then stored by a
# single instruction. struct.pack_into would zero the bytes first, and the kernel could see the
# zero.
_HEAD = PerfEventMmapPage.data_head.offset // 8
_TAIL = PerfEventMmapPage.data_tail.offset // 8


class PerfRing:
    """A cursor over ``memory``, which contains one control page and 2^n pages of data.

    On processors that reorder loads and stores, ``fence`` ensures that the head is loaded before
    the records, and that the records are loaded before the tail is stored.
    """

    __slots__ = ("_control", "_data", "_fence", "_mask", "damage")

    def __init__(self, memory: memoryview, page_size: int, fence: Callable[[], None]) -> None:
        size = len(memory) - page_size
        if size < page_size or size & (size - 1):
            raise UsageError(f"a perf ring must have 2^n data pages, not {size} bytes")
        self._control = memory[:page_size].cast("Q")
        self._data = memory[page_size:]
        self._mask = size - 1
        self._fence = fence
        self.damage: str | None = None

    def take(self) -> bytes:
        """Copy all data that the kernel has published, and release its space.

        The head is loaded only once per pass. If the head were loaded again until the ring is
        empty, one busy ring could starve the other rings and delay the deadline.
        """
        head, tail = self._control[_HEAD], self._control[_TAIL]
        self._fence()
        length = head - tail
        if length < 0 or length > self._mask + 1:
            # If the positions are impossible, none of the data can be trusted. Continue at the
            # kernel's position.
            self.damage = (
                f"invalid head {head} and tail {tail} for a ring of {self._mask + 1} bytes"
            )
            length = 0
        start = tail & self._mask
        data = bytes(self._data[start : start + length])
        data += bytes(self._data[: length - len(data)])
        self._fence()
        if head != tail:
            self._control[_TAIL] = head
        return data

    def release(self) -> None:
        """Release the views of the memory, so that it can be unmapped."""
        self._control.release()
        self._data.release()
