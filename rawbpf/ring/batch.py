r"""Batches: consecutive records of the same size in one copy of a ring's bytes.

    start
    │ lead │ size    │pad│ lead │ size    │pad│ ...
    └──────── step ──────┴──────── step ──────┴        count times

A program usually sends records of one type, so most records in a ring have the same size. Such
records need no loop in Python: a memoryview with a stride contains the same field of every record,
and compares, copies or converts all of these fields at the speed of C.

>>> batch = Batch(b"head" + b"ping" + b"head" + b"pong", 0, 8, 4, 4, 2)
>>> batch.records(), batch.column(0, "B").tolist()
([b'ping', b'pong'], [112, 112])
>>> batch.agreeing([(0, 1), (2, 2)]), batch.agreeing([(1, 1)])
(2, 1)
"""

from __future__ import annotations

from struct import calcsize

from rawbpf.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["Batch", "matching"]

_WIDTHS = ((8, "Q"), (4, "I"), (2, "H"), (1, "B"))

_WINDOW = 16
"""Number of records that are compared first.

Each further comparison covers eight times as many records, so that a short run costs little and a
long run needs few comparisons.
"""


class Batch:
    """A batch of ``count`` records of ``size`` bytes in ``data``.

    The first record's header is at ``start``. Each record takes ``step`` bytes, a multiple of 8:
    ``lead`` bytes of header, ``size`` bytes of data, and padding.
    """

    __slots__ = ("count", "data", "lead", "size", "start", "step")

    def __init__(
        self, data: bytes, start: int, step: int, lead: int, size: int, count: int
    ) -> None:
        self.data, self.start, self.step = data, start, step
        self.lead, self.size, self.count = lead, size, count

    def records(self) -> list[bytes]:
        """Copy each record."""
        return self.slices(0, self.size)

    def slices(self, offset: int, size: int) -> list[bytes]:
        """Copy ``size`` bytes of each record, starting at ``offset``."""
        data, first = self.data, self.start + self.lead + offset
        end = first + self.count * self.step
        return [data[at : at + size] for at in range(first, end, self.step)]

    def pieces(self) -> list[bytes]:
        """Copy each record with its header and padding."""
        data, step = self.data, self.step
        end = self.start + self.count * step
        return [data[at : at + step] for at in range(self.start, end, step)]

    def column(self, offset: int, code: str) -> memoryview[Any]:
        """Return a view of one number in each record; its type is a ``struct`` code such as "Q"."""
        width = calcsize(code)
        at = self.start + self.lead + offset
        # A cast view must start at a multiple of the width, but perf records do not.
        whole = memoryview(self.data)[at % width :]
        items: memoryview[Any] = whole[: len(whole) // width * width].cast(code)  # type: ignore[call-overload]
        return items[at // width :: self.step // width][: self.count]

    def part(self, first: int, end: int) -> Batch:
        """Return the records from ``first`` up to but not including ``end``, without a copy."""
        start = self.start + first * self.step
        return Batch(self.data, start, self.step, self.lead, self.size, end - first)

    def pick(self, numbers: Iterable[int]) -> Batch:
        """Return a copy of the records with the given numbers, in the given order."""
        data, start, step = self.data, self.start, self.step
        parts = [data[start + n * step : start + (n + 1) * step] for n in numbers]
        return Batch(b"".join(parts), 0, step, self.lead, self.size, len(parts))

    def agreeing(self, spans: Iterable[tuple[int, int]]) -> int:
        """Return how many leading records have the same bytes in ``spans`` as the first record.

        A span consists of an offset into the record and a number of bytes.
        """
        count = self.count
        for offset, size in spans:
            for at, code in _words(offset, size):
                column = self.column(at, code)[:count]
                count = matching(column, column[:1].tobytes())
        return count


def matching(column: memoryview[Any], item: bytes) -> int:
    """Return the number of items at the start of a strided view that equal ``item``."""
    found, window, total = 0, _WINDOW, len(column)
    while found < total:
        have = column[found : found + window].tobytes()
        want = item * (len(have) // len(item))
        if have != want:
            return found + _common(have, want) // len(item)
        found += window
        window *= 8
    return total


def _common(have: bytes, want: bytes) -> int:
    """Return the length of the common prefix of two different strings of the same length."""
    low, high = 0, len(have)
    while high - low > 1:
        middle = (low + high) // 2
        if have[low:middle] == want[low:middle]:
            low = middle
        else:
            high = middle
    return low


def _words(offset: int, size: int) -> Iterable[tuple[int, str]]:
    """Divide a span into as few numbers as possible."""
    end = offset + size
    for width, code in _WIDTHS:
        while end - offset >= width:
            yield offset, code
            offset += width
