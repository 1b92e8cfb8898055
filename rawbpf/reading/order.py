"""Merge the records of several rings into one sequence, ordered by time.

Records are ordered before they are decoded, since each record has its time stamp at the same
offset. The records of a single busy CPU are already in order, so nothing is copied. Records from
several CPUs are copied into new batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rawbpf.light_typing import TYPE_CHECKING, NamedTuple
from rawbpf.ring.batch import Batch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["Record", "Taken", "ordered"]

_STAMP = 8
"""Size of a time stamp in bytes."""


class Record(NamedTuple):
    """A record as sent through ``map``; ``cpu`` is -1 for a ring buffer.

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

    def __len__(self) -> int:
        return self.batch.count

    def __iter__(self) -> Iterator[Record]:
        for data in self.batch.records():
            yield Record(self.map, self.cpu, data)

    def __getitem__(self, key: int | slice) -> Any:  # noqa: ANN401 -- a record, or a list
        """Copy one or more records."""
        return list(self)[key]


def ordered(found: list[Taken], at: int, horizon: int) -> tuple[list[Taken], list[Taken], int]:
    """Divide records into those up to time ``horizon``, in order, and newer records.

    ``at`` is the offset of the time stamp in each record. Records too short to contain a time stamp
    come first. Return the records, the newer records, and the newest time stamp.
    """
    times = [time for one in found for time in _times(one.batch, at)]
    newest = max(times, default=0)
    if newest <= horizon and sorted(times) == times:
        return found, [], newest
    order = sorted(range(len(times)), key=times.__getitem__)
    ready = sum(time <= horizon for time in times)
    return _picked(found, order[:ready]), _picked(found, order[ready:]), newest


def _times(batch: Batch, at: int) -> list[int]:
    if batch.size < at + _STAMP:
        return [0] * batch.count
    times: list[int] = batch.column(at, "Q").tolist()
    return times


def _picked(found: list[Taken], order: list[int]) -> list[Taken]:
    """Copy the records with the given numbers into as few batches as possible.

    Records are numbered across all batches.
    """
    pieces = [piece for one in found for piece in one.batch.pieces()]
    kinds = [kind for one in found for kind in [_kind(one)] * one.batch.count]
    cpus = {one.cpu for one in found}
    cpu = cpus.pop() if len(cpus) == 1 else -1
    picked = []
    for (name, step, lead, size), numbers in groupby(order, kinds.__getitem__):
        parts = [pieces[number] for number in numbers]
        picked.append(Taken(name, cpu, Batch(b"".join(parts), 0, step, lead, size, len(parts))))
    return picked


def _kind(one: Taken) -> tuple[str, int, int, int]:
    return one.map, one.batch.step, one.batch.lead, one.batch.size
