"""Whatever programs send, from whichever maps they send it through: bytes with their origin.

A program of somebody else's makes records of its own kind, and counts nothing for us. So here is
less certainty than with log records: nothing tells the time of a record, and what was lost is known
only as far as the kernel tells it.

    ring buffer   one order for all CPUs; a loss leaves no trace, only the program knows of it
    perf ring     one order for each CPU; PERF_RECORD_LOST, written with the next record that fits
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rawbpf.reading.ledger import Ledger
    from rawbpf.reading.perf_reader import Drained

__all__ = ["Reader", "Record", "Records"]

_CROWDED = 0.25
"""Share of a ring that, once filled between two passes, leaves no time for a rest."""


class Record(NamedTuple):
    """What came through ``map``; ``cpu`` is -1 where the map has one ring for all.

    >>> Record("events", -1, b"ping").data
    b'ping'
    """

    map: str
    cpu: int
    data: bytes


class Reader(Protocol):
    """A reader of one map's rings: ``RingReader`` or ``PerfReader``."""

    def filenos(self) -> list[int]:
        """Descriptors that become readable when a record arrives."""

    def drain(self) -> Iterable[Drained]:
        """One pass over its rings."""


class Records:
    """What a session empties: all readers by the names of their maps, one pass after the other."""

    holding = False
    """Nothing is ever held back: without times there is nothing to sort by."""

    def __init__(self, readers: Mapping[str, Reader], ledger: Ledger) -> None:
        self._readers, self._ledger = readers, ledger
        self.crowded = False
        """Whether the last pass found a ring that was filling up."""
        self.lost = 0
        """Records that the kernel reported as lost, in perf rings."""

    def filenos(self) -> list[int]:
        """Descriptors that become readable when a record arrives."""
        return [fd for reader in self._readers.values() for fd in reader.filenos()]

    def collect(self) -> list[Record]:
        """One pass over all rings."""
        found: list[Record] = []
        self.crowded = False
        for name, reader in self._readers.items():
            for cpu, records, fill in reader.drain():
                self.crowded = self.crowded or fill > _CROWDED
                self._ledger.damaged += records.damage is not None
                self.lost += records.lost
                found += [Record(name, cpu, sample) for sample in records.samples]
        self._ledger.delivered += len(found)
        return found

    collect_all = collect
