"""The BPF ring buffer (5.8), a single ring to which programs on all CPUs write.

    consumer page        producer page        data, 2^n bytes, mapped twice in a row
    ┌──────────────┐     ┌──────────────┐     ┌──────────────────────┬──────────────────────┐
    │ 0 position   │     │ 0 position   │     │ record │ record │ ...│ (the same bytes)     │
    └──────────────┘     └──────────────┘     └──────────────────────┴──────────────────────┘
       we write this       the kernel does      no record ever wraps

A record consists of an 8-byte header (u32 length, u32 page offset) and its data, rounded up to a
multiple of 8. Two bits of the length are flags: BUSY marks a record that is reserved but not yet
submitted, and DISCARD marks a record that the program discarded. The consumer and producer
positions only grow.

Records are read in order, so a busy record at the front blocks the finished records after it. The
ring does not record losses: only the sending program learns, from its helper call, that the ring
was full.

Source: kernel/bpf/ringbuf.c.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rawbpf.errors import UsageError
from rawbpf.ring.batch import Batch, matching

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BUSY", "DISCARD", "HEADER", "BpfRing", "check_ring_size"]

HEADER = 8
BUSY = 1 << 31
DISCARD = 1 << 30
_LENGTH = DISCARD - 1
_LARGEST = 1 << 31


def check_ring_size(size: int, page_size: int) -> int:
    """Return ``size`` if it is a power of two and at least a page.

    Raises UsageError for any other size.

    >>> check_ring_size(4096, 4096)
    4096
    """
    if size < page_size or size & (size - 1) or size > _LARGEST:
        raise UsageError(
            f"invalid ring buffer size: {size} bytes",
            fix=f"specify a power of two from {page_size} to {_LARGEST}",
        )
    return size


class BpfRing:
    """A cursor over ``consumer`` (a writable page) and ``producer`` (a page and twice the data).

    On processors that reorder loads and stores, ``fence`` ensures that the producer's position is
    loaded before the records, and that the records are loaded before the consumer's position is
    stored.
    """

    __slots__ = ("_consumer", "_data", "_fence", "_lengths", "_mask", "_producer", "damage")

    def __init__(
        self, consumer: memoryview, producer: memoryview, page_size: int, fence: Callable[[], None]
    ) -> None:
        size = check_ring_size((len(producer) - page_size) // 2, page_size)
        self._consumer = consumer.cast("Q")
        self._producer = producer[:page_size].cast("Q")
        self._data = producer[page_size : page_size + 2 * size]
        # A length is loaded as one word, so that a load never mixes old and new bytes.
        self._lengths = self._data.cast("I")
        self._mask = size - 1
        self._fence = fence
        self.damage: str | None = None

    def take(self) -> list[Batch]:
        """Copy the finished records up to the first busy record, and release their space.

        The producer's position is loaded only once, so that a pass ends even if programs keep
        writing.
        """
        end, start = self._producer[0], self._consumer[0]
        self._fence()
        if not 0 <= end - start <= self._mask + 1:
            self.damage = f"invalid positions {start} to {end} for a ring of {self._mask + 1} bytes"
            return []
        runs, at = self._finished(start, end)
        if at == start:
            return []
        # The lengths of finished records do not change, and they were loaded before the records.
        self._fence()
        offset = start & self._mask
        data = bytes(self._data[offset : offset + at - start])
        self._fence()
        self._consumer[0] = at
        self._fence()
        return [Batch(data, first - start, *run) for first, *run in runs]

    def _finished(self, start: int, end: int) -> tuple[list[tuple[int, int, int, int, int]], int]:
        """Return the finished records and the position after them.

        Consecutive records of the same size form a run, given by position, step, header bytes, size
        and count.
        """
        runs: list[tuple[int, int, int, int, int]] = []
        at, mask, lengths = start, self._mask, self._lengths
        while at < end:
            length = lengths[(at & mask) // 4]
            if length & BUSY:
                break
            size = length & _LENGTH
            step = -(-(size + HEADER) // 8) * 8
            if step > end - at:
                # If a length is damaged, the next record cannot be found. Continue at the kernel's
                # position.
                self.damage = (
                    f"a record has {size} bytes, but only {end - at} bytes are left in the ring"
                )
                return runs, end
            count = 1
            if not length & DISCARD:
                count = self._alike(at & mask, length, step, (end - at) // step)
                runs.append((at, step, HEADER, size, count))
            at += count * step
        return runs, at

    def _alike(self, offset: int, length: int, step: int, most: int) -> int:
        """Return the number of consecutive finished records of the same length."""
        lengths = self._lengths
        if most == 1 or lengths[(offset + step) // 4] != length:
            return 1
        return matching(lengths[offset // 4 :: step // 4][:most], length.to_bytes(4, sys.byteorder))

    @property
    def fill(self) -> float:
        """The ring's fill level, from 0 to 1."""
        return (self._producer[0] - self._consumer[0]) / (self._mask + 1)

    def release(self) -> None:
        """Release the views of the memory, so that it can be unmapped."""
        for view in (self._consumer, self._producer, self._lengths, self._data):
            view.release()
