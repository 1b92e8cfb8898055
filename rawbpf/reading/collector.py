"""Merge the rings of several CPUs and maps into one sequence of records.

    perf ring     in order within each CPU; PERF_RECORD_LOST reports some of the losses
    ring buffer   in order across all CPUs; only the program knows what it could not send

A pass drains one ring after the other, so it may find a record on CPU 1 that is newer than a record
that CPU 0 wrote just after its ring was drained. Sorting each pass is therefore not enough. If the
records have time stamps, those newer than the start of the pass wait for the next pass. An older
record cannot arrive after that, except from a program that was running at that very moment.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from rawbpf.errors import FormatError
from rawbpf.reading.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rawbpf.reading.perf_reader import Drained

__all__ = ["Collector", "Reader", "Record"]

R = TypeVar("R")

_CROWDED = 0.25
"""If a ring fills up to this share between two passes, the next pass follows without a pause."""


class Record(NamedTuple):
    """A record as it was sent through ``map``; ``cpu`` is -1 for a ring buffer.

    >>> Record("events", -1, b"ping").data
    b'ping'
    """

    map: str
    cpu: int
    data: bytes


class Reader(Protocol):
    """Reads the rings of one map: ``RingReader`` or ``PerfReader``."""

    def filenos(self) -> list[int]:
        """Return the descriptors that become readable when a record arrives."""

    def drain(self) -> Iterable[Drained]:
        """Empty each ring once."""


class Collector(Generic[R]):
    """Drains ``readers``, named by their maps, and decodes and sorts what they return.

    ``decode`` makes a record from the name of the map, the CPU and the bytes; ``Record`` itself
    does. Bytes for which it raises FormatError are counted as damaged. ``time_of`` returns the time
    stamp of a record, in nanoseconds of CLOCK_MONOTONIC. Without it, records are not sorted.
    """

    def __init__(
        self,
        readers: Mapping[str, Reader],
        decode: Callable[[str, int, bytes], R],
        time_of: Callable[[R], int] | None = None,
    ) -> None:
        self._readers, self._decode, self._time_of = readers, decode, time_of
        self._held: list[R] = []
        self.ledger = Ledger()
        """Counts losses and damage here, and what was delivered in the session."""
        self.crowded = False
        """Whether the last pass found a ring that is filling up."""

    @property
    def holding(self) -> bool:
        """Whether records wait for the next pass, which should follow without a sleep."""
        return bool(self._held)

    def filenos(self) -> list[int]:
        """Return the descriptors that become readable when a record arrives."""
        return [fd for reader in self._readers.values() for fd in reader.filenos()]

    def collect(self) -> list[R]:
        """Drain every ring once. Return the records that no later pass can precede, in order."""
        if self._time_of is None:
            return self._pass()
        # bpf_ktime_get_ns and this clock agree, except in a time namespace (5.6), where ours may be
        # behind. So no record waits for more than one pass, whatever its time stamp.
        waited = self._time_of(self._held[-1]) if self._held else 0
        horizon = max(time.clock_gettime_ns(time.CLOCK_MONOTONIC), waited)
        found = self._pass()
        ready = bisect_right(found, horizon, key=self._time_of)
        self._held = found[ready:]
        return found[:ready]

    def collect_all(self) -> list[R]:
        """Drain every ring once and return all records, once no program writes any more."""
        return self._pass()

    def _pass(self) -> list[R]:
        found, self._held, self.crowded = self._held, [], False
        ledger, decode = self.ledger, self._decode
        for name, reader in self._readers.items():
            for cpu, contents, fill in reader.drain():
                self.crowded = self.crowded or fill > _CROWDED
                ledger.damaged += contents.damage is not None
                ledger.add_reported(contents.lost)
                for sample in contents.samples:
                    try:
                        found.append(decode(name, cpu, sample))
                    except FormatError:
                        ledger.damaged += 1
        if self._time_of is not None:
            found.sort(key=self._time_of)
        return found
