r"""Batches of consecutive records that have the same size, in one copy of a ring's bytes.

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

from functools import lru_cache
from struct import calcsize

from rawbpf.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["Batch", "matching"]

_WIDTHS = {code: calcsize(code) for code in "QqdIifHhBb?"}

_WINDOW = 64
"""The number of records that are compared first.

The next comparison covers 64 times as many records, so that short runs cost little, and long runs
need few comparisons."""


class Batch:
    """A batch of ``count`` records of ``size`` bytes in ``data``.

    The header of the first record is at ``start``. Each record takes ``step`` bytes, a multiple of
    8: ``lead`` bytes of header, ``size`` bytes of data, and padding.
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
        width = _WIDTHS[code]
        first, rest = divmod(self.start + self.lead + offset, width)
        # A view that is cast must start at a multiple of the width, but perf records do not.
        whole = memoryview(self.data)[rest : rest + (len(self.data) - rest) // width * width]
        items: memoryview[Any] = whole.cast(code)  # type: ignore[call-overload]
        stride = self.step // width
        return items[first : first + self.count * stride : stride]

    def part(self, first: int, end: int) -> Batch:
        """Return records ``first`` up to but not including ``end``, without copying."""
        start = self.start + first * self.step
        return Batch(self.data, start, self.step, self.lead, self.size, end - first)

    def pick(self, numbers: Iterable[int]) -> Batch:
        """Return a copy of the records with the given indexes, in the given order."""
        data, start, step = self.data, self.start, self.step
        parts = [data[start + n * step : start + (n + 1) * step] for n in numbers]
        return Batch(b"".join(parts), 0, step, self.lead, self.size, len(parts))

    def agreeing(self, spans: Iterable[tuple[int, int]]) -> int:
        """Return how many records at the start have the same bytes in ``spans`` as the first one.

        A span consists of an offset into the record and a number of bytes.
        """
        count = self.count
        if count == 1:
            return 1
        first = self.start + self.lead
        for offset, size in spans:
            for at, code in _words(offset, size):
                item = self.data[first + at : first + at + _WIDTHS[code]]
                count = min(count, matching(self.column(at, code), item))
        return count


def matching(column: memoryview[Any], item: bytes) -> int:
    """Return the number of items at the start of a strided view that equal ``item``."""
    found, window, total = 0, _WINDOW, len(column)
    while found < total:
        have = column[found : found + window].tobytes()
        want = item * min(window, total - found)
        if have != want:
            return found + _common(have, want) // len(item)
        found += window
        window *= 64
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


@lru_cache(maxsize=64)
def _words(offset: int, size: int) -> tuple[tuple[int, str], ...]:
    """Divide a span into as few numbers as possible."""
    found, end = [], offset + size
    for code in "QIHB":
        while end - offset >= _WIDTHS[code]:
            found.append((offset, code))
            offset += _WIDTHS[code]
    return tuple(found)
