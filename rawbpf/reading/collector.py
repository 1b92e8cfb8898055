"""Merge the rings of several CPUs and maps into one sequence of records, and count the records.

    perf ring     in order within each CPU; PERF_RECORD_LOST reports some of the losses
    ring buffer   in order across all CPUs; only the program knows what it could not send

A pass drains one ring after the other, so it may find a record of CPU 1 that is newer than a record
that CPU 0 wrote just after its own ring was drained. Sorting each pass is therefore not enough. If
records have time stamps, those newer than the start of the pass are left for the next pass. After a
pass, no record older than the start of the pass can arrive, except from a program that was running
at that moment.

The completeness of the ledger depends on the program. A program that counts the return values of
its helper calls, as all programs built with ``tracing.log_program`` do, accounts for every record
that it tried to send. When the session has ended and the counters have been read:

    sent + lost          = what the program counted
    delivered + damaged  = what was read from the rings
    unaccounted          = sent - delivered - damaged: 0, or there is a bug

With any other program, ``sent`` is None and ``lost`` contains only losses reported by the kernel:
perf rings report losses with the next record that fits, so losses after the last record remain
unknown. Ring buffers (BPF_MAP_TYPE_RINGBUF) do not report losses.

>>> ledger = Ledger([2, *[0] * 27, 3], missed=0)
>>> ledger.delivered = 2
>>> ledger.sent, ledger.lost, ledger.unaccounted
(2, {28: 3}, 0)
>>> ledger.lost_text()
'3 (ENOSPC: the ring was full)'
"""

from __future__ import annotations

import errno
import time

from rawbpf.errors import errno_name
from rawbpf.kernel.hardware import time_namespace_offset_ns
from rawbpf.light_typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rawbpf.reading.order import Record, Taken
    from rawbpf.reading.perf_reader import Drained
    from rawbpf.ring.batch import Batch

__all__ = [
    "Collector",
    "Ledger",
    "Reader",
    "unchanged",
]

R = TypeVar("R")

_CROWDED = 0.25
"""The fill level of a ring above which the next pass follows without a pause."""


class Reader(Protocol):
    """Reads one map's rings: either a ``RingReader`` or a ``PerfReader``."""

    quiet: bool
    paced: bool
    opened: list[int]
    grown_to: int
    not_grown: str

    def filenos(self) -> list[int]:
        """Return the descriptors that become readable when the reader should drain the rings."""

    def arm(self) -> bool:
        """Make the next record wake the reader, or return False if it is too early to do so."""

    def drain(self) -> Iterable[Drained]:
        """Empty each ring once."""


class Collector(Generic[R]):
    """Drains ``readers``, which are keyed by map name, and sorts and decodes their records.

    ``decode`` converts records of one size to sequences of ``R``, and counts damaged records, as
    ``events.log_rows.decode_logs`` does. ``time_at`` is the offset of the time stamp in each
    record; time stamps are in nanoseconds of bpf_ktime_get_ns(). Without ``time_at``, records are
    not sorted.
    """

    def __init__(
        self,
        readers: Mapping[str, Reader],
        decode: Callable[[Taken], tuple[Sequence[Sequence[R]], int]],
        time_at: int | None = None,
    ) -> None:
        self._readers, self._decode, self._time_at = readers, decode, time_at
        self._ahead = 0 if time_at is None else time_namespace_offset_ns()
        self._held: list[Taken] = []
        self._waited = 0
        self.ledger = Ledger()
        """Losses and damage are counted here, and delivered records in the session."""
        self.crowded = False
        """Whether a ring was filling up during the last pass."""

    @property
    def holding(self) -> bool:
        """Whether records are waiting for the next pass.

        In that case, the next pass should follow without a sleep.
        """
        return bool(self._held)

    @property
    def quiet(self) -> bool:
        """Whether the last pass found no records and left none for the next pass."""
        return not self._held and all(reader.quiet for reader in self._readers.values())

    @property
    def paced(self) -> bool:
        """Whether descriptors do not become readable for each record between two passes."""
        return all(reader.paced for reader in self._readers.values())

    def warm_up(self) -> None:
        """Import what the first record will need, so that no ring fills up during the imports."""
        from rawbpf.reading.order import Taken
        from rawbpf.ring import perf_records  # noqa: F401 -- imported for later
        from rawbpf.ring.batch import Batch

        self._decode(Taken("", -1, Batch(b"", 0, 8, 8, 0, 0)))

    def opened(self) -> list[int]:
        """Return the descriptors that readers have opened since ``filenos`` or ``opened``."""
        found = []
        for reader in self._readers.values():
            found += reader.opened
            reader.opened.clear()
        return found

    def arm(self) -> bool:
        """After a pass that found no records, make the next record wake the reader.

        Return False if another pass should follow first, after a pause.
        """
        return all(reader.arm() for reader in self._readers.values())

    def filenos(self) -> list[int]:
        """Return the descriptors that become readable when the reader should drain the rings."""
        return [fd for reader in self._readers.values() for fd in reader.filenos()]

    def collect(self) -> list[Sequence[R]]:
        """Drain every ring once.

        Return, in order, the records that no later record can precede.
        """
        if self._time_at is None:
            return self._decoded(self._drain())
        # No record waits for more than one pass, even if its time stamp comes from another clock.
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) - self._ahead
        horizon = max(now, self._waited)
        return self._decoded(self._ordered(self._drain(), self._time_at, horizon))

    def collect_all(self) -> list[Sequence[R]]:
        """After all programs have stopped, drain every ring once and return all records."""
        found = self._drain()
        if self._time_at is not None:
            found = self._ordered(found, self._time_at, _NEVER)
        return self._decoded(found)

    def _ordered(self, found: list[Taken], time_at: int, horizon: int) -> list[Taken]:
        """Return the records up to a given time in order, and hold back newer ones."""
        if not found:
            return []
        from rawbpf.reading.order import ordered  # not needed before the first record

        ready, self._held, newest = ordered(found, time_at, horizon)
        self._waited = newest if self._held else 0
        return ready

    def _drain(self) -> list[Taken]:
        """Return the records held back by the last pass, and the current contents of the rings."""
        found, self._held, self.crowded = self._held, [], False
        for name, reader in self._readers.items():
            for cpu, contents, fill in reader.drain():
                self.crowded = self.crowded or fill > _CROWDED
                self.ledger.damaged += contents.damage is not None
                self.ledger.add_reported(contents.lost)
                if contents.batches:
                    found += _taken(name, cpu, contents.batches)
            self.ledger.ring_pages = max(self.ledger.ring_pages, reader.grown_to)
            self.ledger.not_grown = self.ledger.not_grown or reader.not_grown
        return found

    def _decoded(self, found: list[Taken]) -> list[Sequence[R]]:
        batches: list[Sequence[R]] = []
        for one in found:
            decoded, damaged = self._decode(one)
            batches += decoded
            self.ledger.damaged += damaged
        return batches


def _taken(name: str, cpu: int, batches: list[Batch]) -> list[Taken]:
    from rawbpf.reading.order import Taken  # not needed before the first record

    return [Taken(name, cpu, batch) for batch in batches]


def unchanged(one: Taken) -> tuple[list[Sequence[Record]], int]:
    """Return the records as bytes, with their map and CPU."""
    return [one], 0


_NEVER = 1 << 64
"""A time later than all time stamps."""

_REASONS = {
    errno.ENOSPC: "the ring was full",
    errno.ENOENT: "the CPU has no ring because it came online later",
    errno.E2BIG: "the map has no entry for the CPU",
    errno.EBUSY: "too many nested records on the CPU",
    errno.EOPNOTSUPP: "the ring is inactive because its CPU was offline for a while",
    errno.EINVAL: "the event is not for BPF output",
}
"""Maps errnos from bpf_perf_event_output to their meanings."""

_OTHER = 127
"""The errno whose counter programs also use for all larger errnos."""


class Ledger:
    """Counts the records of a session.

    ``delivered``, ``damaged`` and ``lost`` grow while the session reads; ``lost`` maps errnos to
    numbers of records, as far as the kernel reports losses. ``settle`` replaces the reported losses
    with the program's own counts. ``hidden`` counts records that were delivered but not displayed.
    ``seconds`` is the time spent reading. ``missed`` counts hits for which the kernel did not run
    the program (since 5.12 for most programs, since 6.7 for kprobes; 0 on older kernels).
    ``skipped`` counts calls that the tracing process made itself and that its program did not
    report. ``ring_pages`` is the size in pages of the largest perf ring that replaced a ring that
    was too small, or 0. ``not_grown`` is the name of the errno that prevented a ring from being
    replaced, or empty.
    """

    __slots__ = (
        "damaged",
        "delivered",
        "hidden",
        "lost",
        "missed",
        "not_grown",
        "ring_pages",
        "seconds",
        "sent",
        "skipped",
    )

    def __init__(self, outcomes: Sequence[int] | None = None, missed: int = 0) -> None:
        self.delivered = 0
        self.damaged = 0
        self.hidden = 0
        self.seconds = 0.0
        self.missed = missed
        self.skipped = 0
        self.ring_pages = 0
        self.not_grown = ""
        self.sent: int | None = None
        self.lost: dict[int, int] = {}
        if outcomes is not None:
            self.settle(outcomes, missed)

    def __repr__(self) -> str:
        return f"<Ledger: {self.summary()}>"

    def add_reported(self, lost: int) -> None:
        """Add the losses that the kernel has reported in a perf ring.

        >>> ledger = Ledger()
        >>> ledger.delivered = 2
        >>> ledger.add_reported(1)
        >>> ledger.sent, ledger.unaccounted, ledger.lost_text()
        (None, 0, '1 (ENOSPC: the ring was full)')
        """
        if lost:
            self.lost[errno.ENOSPC] = self.lost.get(errno.ENOSPC, 0) + lost

    def settle(self, outcomes: Sequence[int], missed: int, skipped: int = 0) -> None:
        """Set all counts that are maintained by the program and by the kernel.

        ``outcomes[0]`` is the number of records sent, and ``outcomes[n]`` is the number of records
        lost because the helper returned -n.
        """
        self.sent = outcomes[0]
        self.lost = {number: count for number, count in enumerate(outcomes) if number and count}
        self.missed, self.skipped = missed, skipped

    @property
    def total_lost(self) -> int:
        """The number of records that were lost for any reason."""
        return sum(self.lost.values())

    @property
    def unaccounted(self) -> int:
        """The number of records sent but never read, or 0 if the program does not count."""
        return 0 if self.sent is None else self.sent - self.delivered - self.damaged

    @property
    def rate(self) -> float:
        """The number of delivered records per second."""
        return self.delivered / self.seconds if self.seconds > 0 else 0.0

    def lost_text(self) -> str:
        """Describe the losses by cause, in words."""
        causes = map(_cause, self.lost)
        if len(self.lost) > 1:
            parts = zip(self.lost.values(), causes, strict=True)
            return f"{self.total_lost} (" + ", ".join(f"{n} {cause}" for n, cause in parts) + ")"
        return f"{self.total_lost}" + "".join(f" ({cause})" for cause in causes)

    def summary(self) -> str:
        """Summarize the session on one line."""
        text = (
            f"{self.delivered} events delivered, {self.lost_text()} lost, {self.rate:.1f} events/s"
        )
        extra = (
            (self.missed, "calls missed: the kernel did not run the program"),
            (self.skipped, "calls by rawbpf itself skipped"),
            (self.hidden, "below the log level"),
            (self.damaged, "damaged"),
            (self.unaccounted, "sent but never read"),
        )
        text += "".join(f", {count} {what}" for count, what in extra if count)
        if self.ring_pages:
            text += f", rings grew to {self.ring_pages} pages"
        if self.not_grown:
            text += f", rings could not grow: {self.not_grown}"
        return text


def _cause(number: int) -> str:
    if number == _OTHER:
        return "other errors"
    return f"{errno_name(number)}: {_REASONS.get(number, 'see errno(3)')}"
