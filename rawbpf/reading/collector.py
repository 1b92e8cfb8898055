"""From many rings to one sequence: records of all CPUs in the order of their times.

Each ring is in order; between rings there is none. A pass over them reads CPU 0 first and CPU 1 a
little later, so it may find an event on CPU 1 that is younger than one which CPU 0 wrote behind our
back. Sorting a pass is not enough: what is younger than the beginning of the pass has to wait for
the next one. What was written before that beginning is in a ring by then, so nothing older can
still come, but for a program that was under way at that very moment.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from typing import TYPE_CHECKING

from rawbpf.errors import FormatError
from rawbpf.events.log_record import LogRecord, decode_log

if TYPE_CHECKING:
    from rawbpf.reading.ledger import Ledger
    from rawbpf.reading.perf_reader import PerfReader

__all__ = ["Collector"]

_CROWDED = 0.25
"""Share of a ring that, once filled between two passes, leaves no time for a rest."""


class Collector:
    """Empties the rings of ``reader``, and enters into ``ledger`` what it found."""

    def __init__(self, reader: PerfReader, ledger: Ledger) -> None:
        self._reader = reader
        self._ledger = ledger
        self._held: list[LogRecord] = []
        self.crowded = False
        """Whether the last pass found a ring that was filling up."""

    @property
    def holding(self) -> bool:
        """Whether records wait for the next pass."""
        return bool(self._held)

    def collect(self) -> list[LogRecord]:
        """One pass: what is certain to be next, oldest first."""
        # The clock of bpf_ktime_get_ns, but for time namespaces (5.6), where ours may be behind. So
        # nothing waits for more than one pass.
        waited = self._held[-1].ktime_ns if self._held else 0
        horizon = max(time.clock_gettime_ns(time.CLOCK_MONOTONIC), waited)
        found = self._pass()
        ready = bisect_right(found, horizon, key=_ktime)
        self._held = found[ready:]
        return self._deliver(found[:ready])

    def collect_all(self) -> list[LogRecord]:
        """The last pass, when nothing writes any more: all there is."""
        return self._deliver(self._pass())

    def _deliver(self, batch: list[LogRecord]) -> list[LogRecord]:
        self._ledger.delivered += len(batch)
        return batch

    def _pass(self) -> list[LogRecord]:
        found, self._held, self.crowded = self._held, [], False
        for _cpu, records, fill in self._reader.drain():
            self.crowded = self.crowded or fill > _CROWDED
            self._ledger.damaged += records.damage is not None
            for sample in records.samples:
                try:
                    found.append(decode_log(sample))
                except FormatError:
                    self._ledger.damaged += 1
        found.sort(key=_ktime)
        return found


def _ktime(record: LogRecord) -> int:
    return record.ktime_ns
