"""Merge the records of several rings into one sequence that is ordered by time.

Records are ordered before they are decoded, since all records have their time stamp at the same
offset. The records of a single busy CPU are already in order, so nothing is copied. Otherwise, the
records are copied into new batches: in runs if one CPU sends most of them, or else one by one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from itertools import groupby, pairwise

from rawbpf.light_typing import TYPE_CHECKING, NamedTuple
from rawbpf.ring.batch import Batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

__all__ = ["Record", "Taken", "ordered"]

_STAMP = 8
"""The size of a time stamp in bytes."""

_RUN = 8
"""The average length of runs above which copying runs is faster than copying single records."""


class Record(NamedTuple):
    """A record that was sent through ``map``; ``cpu`` is -1 for a ring buffer.

    >>> Record("events", -1, b"ping").data
    b'ping'
    """

    map: str
    cpu: int
    data: bytes


class Taken(Sequence[Record]):
    """Records of the same size from a ring of ``map``.

    ``cpu`` is -1 for a ring buffer and for records from several CPUs.
    """

    __slots__ = ("batch", "cpu", "map")

    def __init__(self, name: str, cpu: int, batch: Batch) -> None:
        self.map, self.cpu, self.batch = name, cpu, batch

    def part(self, first: int, end: int) -> Taken:
        """Return records ``first`` up to but not including ``end``, without copying."""
        return Taken(self.map, self.cpu, self.batch.part(first, end))

    def __len__(self) -> int:
        return self.batch.count

    def __iter__(self) -> Iterator[Record]:
        for data in self.batch.records():
            yield Record(self.map, self.cpu, data)

    def __getitem__(self, key: int | slice) -> Any:  # noqa: ANN401 -- a record, or a list
        """Return several records, or a copy of a single one."""
        numbers = range(len(self))[key]
        if isinstance(numbers, int):
            return Record(self.map, self.cpu, self.batch.part(numbers, numbers + 1).records()[0])
        return Taken(self.map, self.cpu, self.batch.pick(numbers))


def ordered(found: list[Taken], at: int, horizon: int) -> tuple[list[Taken], list[Taken], int]:
    """Divide records into those up to time ``horizon``, in order, and newer ones.

    ``at`` is the offset of the time stamp in each record. Records that are too short to contain a
    time stamp come first. Return the records, the newer records (unordered), and the newest time
    stamp.
    """
    ready, held, times, newest = [], [], [], 0
    for taken in found:
        one, stamps = _in_order(taken, _times(taken.batch, at))
        newest = max(newest, stamps[-1])
        end = bisect_right(stamps, horizon)
        if end:
            ready.append(one.part(0, end))
            times.append(stamps[:end])
        if end < len(stamps):
            held.append(one.part(end, len(stamps)))
    return _merged(ready, times), held, newest


def _times(batch: Batch, at: int) -> list[int]:
    if batch.size < at + _STAMP:
        return [0] * batch.count
    times: list[int] = batch.column(at, "Q").tolist()
    return times


def _in_order(one: Taken, times: list[int]) -> tuple[Taken, list[int]]:
    """Return the records of one ring and their times, in order.

    The records of a ring are rarely out of order.
    """
    stamps = sorted(times)
    if stamps == times:
        return one, times
    numbers = sorted(range(len(times)), key=times.__getitem__)
    return Taken(one.map, one.cpu, one.batch.pick(numbers)), stamps


def _merged(found: list[Taken], times: list[list[int]]) -> list[Taken]:
    """Merge batches, each of which is already sorted."""
    if all(before[-1] <= after[0] for before, after in pairwise(times)):
        return found
    counts = [len(stamps) for stamps in times]
    if (sum(counts) - max(counts)) * _RUN < sum(counts):
        return _joined(found, _runs(times))
    return _sorted(found, [time for stamps in times for time in stamps])


def _runs(times: list[list[int]]) -> Iterator[tuple[int, int, int]]:
    """Yield runs of records in merged order, as batch, first and end."""
    heads = [(stamps[0], number, 0) for number, stamps in enumerate(times)]
    heapify(heads)
    while heads:
        _, number, first = heappop(heads)
        stamps, end = times[number], len(times[number])
        if heads:
            next_time, next_number, _ = heads[0]
            # If records have the same time, those from the earlier batch come first.
            bisect = bisect_right if number < next_number else bisect_left
            end = bisect(stamps, next_time, first)
        if end < len(stamps):
            heappush(heads, (stamps[end], number, end))
        yield number, first, end


def _joined(found: list[Taken], runs: Iterable[tuple[int, int, int]]) -> list[Taken]:
    """Copy runs of records into as few batches as possible."""
    cpu, joined = _common_cpu(found), []
    for kind, group in groupby(runs, lambda run: _kind(found[run[0]])):
        parts = [found[number].batch.part(first, end) for number, first, end in group]
        data = b"".join([b.data[b.start : b.start + b.count * b.step] for b in parts])
        joined.append(_taken(kind, cpu, data, sum(batch.count for batch in parts)))
    return joined


def _sorted(found: list[Taken], times: list[int]) -> list[Taken]:
    """Copy all records one by one into as few batches as possible."""
    pieces = [piece for one in found for piece in one.batch.pieces()]
    kinds = [kind for one in found for kind in [_kind(one)] * one.batch.count]
    cpu, picked = _common_cpu(found), []
    order = sorted(range(len(times)), key=times.__getitem__)
    for kind, numbers in groupby(order, kinds.__getitem__):
        parts = [pieces[number] for number in numbers]
        picked.append(_taken(kind, cpu, b"".join(parts), len(parts)))
    return picked


def _kind(one: Taken) -> tuple[str, int, int, int]:
    return one.map, one.batch.step, one.batch.lead, one.batch.size


def _taken(kind: tuple[str, int, int, int], cpu: int, data: bytes, count: int) -> Taken:
    name, step, lead, size = kind
    return Taken(name, cpu, Batch(data, 0, step, lead, size, count))


def _common_cpu(found: list[Taken]) -> int:
    cpus = {one.cpu for one in found}
    return cpus.pop() if len(cpus) == 1 else -1
