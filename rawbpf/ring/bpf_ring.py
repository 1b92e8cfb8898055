"""The BPF ring buffer (5.8): one ring for all CPUs, written by programs.

    consumer page        producer page        data, 2^n bytes, mapped twice in a row
    ┌──────────────┐     ┌──────────────┐     ┌──────────────────────┬──────────────────────┐
    │ 0 position   │     │ 0 position   │     │ record │ record │ ...│ (the same bytes)     │
    └──────────────┘     └──────────────┘     └──────────────────────┴──────────────────────┘
       ours to write       the kernel's         no record has to wrap

A record is a header of 8 bytes and its data, rounded up to 8: u32 length, u32 page offset. Two bits
of the length say what became of it: BUSY, reserved and not yet submitted; DISCARD, given up. Both
positions only grow.

A busy record at the front stops the reader, whatever is finished behind it, since order is kept.
There is no record of losses: a program that finds the ring full is told so, and nobody else.

Source: kernel/bpf/ringbuf.c.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BUSY", "DISCARD", "HEADER", "BpfRing", "check_ring_size"]

HEADER = 8
BUSY = 1 << 31
DISCARD = 1 << 30
_LENGTH = DISCARD - 1
_LARGEST = 1 << 31


def check_ring_size(size: int, page_size: int) -> int:
    """A power of two and a multiple of the page size, or UsageError.

    >>> check_ring_size(4096, 4096)
    4096
    """
    if size < page_size or size & (size - 1) or size > _LARGEST:
        raise UsageError(
            f"a ring buffer cannot have {size} bytes",
            fix=f"give a power of two from {page_size} to {_LARGEST}",
        )
    return size


class BpfRing:
    """A cursor. ``consumer`` is one page, writable; ``producer`` one page and twice the data.

    ``fence`` orders reading the producer's position before reading records, and reading those
    before publishing ours, on processors that need to be told.
    """

    __slots__ = ("_consumer", "_data", "_fence", "_lengths", "_mask", "_producer", "damage")

    def __init__(
        self, consumer: memoryview, producer: memoryview, page_size: int, fence: Callable[[], None]
    ) -> None:
        size = check_ring_size((len(producer) - page_size) // 2, page_size)
        self._consumer = consumer.cast("Q")
        self._producer = producer[:page_size].cast("Q")
        self._data = producer[page_size : page_size + 2 * size]
        # A length is read as one word: half of an old and half of a new one would be neither.
        self._lengths = self._data.cast("I")
        self._mask = size - 1
        self._fence = fence
        self.damage: str | None = None

    def take(self) -> list[bytes]:
        """Copy out the finished records up to the first busy one, and give their space back.

        The producer's position is read once, so that one pass ends, whatever is written meanwhile.
        """
        end, start = self._producer[0], self._consumer[0]
        self._fence()
        if not 0 <= end - start <= self._mask + 1:
            self.damage = f"positions {start} to {end} of a ring of {self._mask + 1} bytes"
            return []
        records, at = self._records(start, end)
        if at != start:
            self._fence()
            self._consumer[0] = at
            self._fence()
        return records

    def _records(self, start: int, end: int) -> tuple[list[bytes], int]:
        """What is finished, and the position behind it."""
        records: list[bytes] = []
        at = start
        while at < end:
            offset = at & self._mask
            length = self._lengths[offset // 4]
            if length & BUSY:
                break
            self._fence()
            size = length & _LENGTH
            step = -(-(size + HEADER) // 8) * 8
            if step > end - at:
                # Nothing behind it can be found. Go on from where the kernel is.
                self.damage = f"a record of {size} bytes with {end - at} in the ring"
                return records, end
            if not length & DISCARD:
                records.append(bytes(self._data[offset + HEADER : offset + HEADER + size]))
            at += step
        return records, at

    @property
    def fill(self) -> float:
        """How full the ring is, from 0 to 1."""
        return (self._producer[0] - self._consumer[0]) / (self._mask + 1)

    def release(self) -> None:
        """Let go of the memory, so that it can be unmapped."""
        for view in (self._consumer, self._producer, self._lengths, self._data):
            view.release()
