"""Read a PERF_EVENT_ARRAY, which has one perf ring per CPU.

bpf_perf_event_output(ctx, map, BPF_F_CURRENT_CPU, data, size) writes to the event that is stored in
the map under the number of the current CPU. The reader therefore opens software events for each
CPU, maps their ring, and stores their descriptors in the map (``reading.cpu_ring``). The map and
the events must stay open, because closing the map removes the events that were stored through it,
and an event that is not mapped has no ring.

The IDs of possible CPUs may have gaps, and opening an event for an offline CPU fails with ENODEV. A
CPU that comes online later has no ring, so the helper fails with ENOENT on that CPU. On a CPU whose
ID is not below the map's max_entries, the helper fails with E2BIG. ``reading.collector`` describes
how these losses are counted.

The kernel cannot resize a ring. If a ring is more than half full in several passes, or records were
lost, the reader opens a ring of four times the size and stores its events in the map. The old ring
is read until no program can be writing to it any more, and always before the new ring, so that the
records of each CPU stay in order.
"""

from __future__ import annotations

import errno
import time

from rawbpf.errors import KernelError, UsageError, errno_name
from rawbpf.kernel.hardware import possible_cpus
from rawbpf.light_typing import TYPE_CHECKING, NamedTuple
from rawbpf.reading.cpu_ring import CpuRing, FlagSwitch, SlotSwitch
from rawbpf.syscall.fd import Owner, fence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.maps.map import Map
    from rawbpf.reading.cpu_ring import Switch
    from rawbpf.ring.perf_records import Contents

__all__ = [
    "DEFAULT_PAGES",
    "LARGEST_PAGES",
    "MAX_PAGES",
    "Drained",
    "PerfReader",
    "check_pages",
]

DEFAULT_PAGES = 64
"""The number of data pages per CPU: 256 KiB with pages of 4 KiB, enough for about 4,000 log
records."""

LARGEST_PAGES = 1 << 15
"""The maximum number of data pages per CPU: 128 MiB with pages of 4 KiB.

A larger number is probably a typing error."""


MAX_PAGES = 1 << 12
"""The number of data pages per CPU up to which rings grow by default: 16 MiB with 4 KiB pages."""

_MAX_TOTAL_PAGES = 1 << 16
"""The number of data pages of all rings together, 256 MiB, beyond which no ring grows."""

_GROWTH = 4
_CROWDED, _CROWDED_PASSES, _FULL = 0.5, 2, 0.9
"""A ring grows if it is full, or more than half full in two consecutive passes with records."""

_RETIRED_SECONDS = 1.0
"""The number of seconds for which a replaced ring is still read.

A program that is running while its ring is replaced finishes within microseconds, because programs
look up the event and write the record without being preempted."""


def check_pages(pages: int) -> int:
    """Return ``pages`` if it is a power of two from 1 to LARGEST_PAGES.

    Raises UsageError for any other number of pages.

    >>> check_pages(8)
    8
    """
    if pages < 1 or pages & (pages - 1) or pages > LARGEST_PAGES:
        raise UsageError(
            f"invalid number of ring pages: {pages}",
            fix=f"specify a power of two from 1 to {LARGEST_PAGES}",
        )
    return pages


class Drained(NamedTuple):
    """The records that one pass read from the ring of ``cpu``, and how full it was (0 to 1)."""

    cpu: int
    contents: Contents
    fill: float


class PerfReader(Owner):
    """Reads records that programs write to ``events``, a PERF_EVENT_ARRAY that must stay open.

    Only one reader may use a map, because a second reader would replace the rings of the first. The
    rings take (1 + pages) x page size for each online CPU. ``flags`` is mapped memory in which
    programs built with ``tracing.log_program`` see whether the reader sleeps. A ring that fills up
    is replaced by a larger ring, up to ``max_pages`` pages, or 256 MiB for all rings together.

    Raises UsageError if the number of pages is invalid, or KernelError with EMFILE, or with EPERM
    or ENOMEM if the rings are too large for this user.
    """

    paced = True
    """Between two passes, the descriptors become readable only if a ring becomes a quarter full."""

    def __init__(
        self,
        events: Map,
        pages: int = DEFAULT_PAGES,
        *,
        flags: memoryview | None = None,
        max_pages: int = MAX_PAGES,
    ) -> None:
        check_pages(pages)
        self._rings: list[CpuRing] = []
        self._retired: list[tuple[float, CpuRing]] = []
        self._crowded: dict[int, int] = {}
        self._max_pages = max_pages
        self.grown_to = 0
        """The number of pages of the largest ring that replaced a smaller one, or 0."""
        self.not_grown = ""
        """The reason why a ring could not be replaced by a larger one, or an empty string."""
        self.opened: list[int] = []
        """Descriptors in ``filenos`` that are new since the last pass."""
        self.offline: list[int] = []
        self.quiet = True
        """Whether the last pass found no records."""
        self._switch: Switch = SlotSwitch(events) if flags is None else FlagSwitch(events, flags)
        try:
            for cpu in possible_cpus():
                if cpu < events.spec.max_entries:
                    self._open(cpu, pages)
        except BaseException:
            self.close()
            raise

    def _open(self, cpu: int, pages: int) -> None:
        try:
            ring = CpuRing(cpu, pages)
        except KernelError as error:
            if error.errno == errno.ENODEV:
                self.offline.append(cpu)
                return
            if error.call == "perf_event_open":
                from rawbpf.kernel.call_error import call_error  # imported only after a failure

                raise call_error(f"cannot open a perf ring for CPU {cpu}", error) from None
            raise
        self._rings.append(ring)
        self._switch.install(ring)

    def filenos(self) -> list[int]:
        """Return the descriptors that become readable when the reader should drain the rings."""
        self.opened.clear()
        return [ring.batching.fileno() for ring in self._rings]

    def arm(self) -> bool:
        """Make the next record on each CPU wake the reader, until a pass finds records.

        Return False if the reader should wait before requesting a wake-up.
        """
        if not self._switch.ready():
            return False
        for ring in self._rings:
            self._switch.arm(ring)
        fence()  # programs see the flags before the reader looks for records that were sent earlier
        return True

    def drain(self) -> Iterator[Drained]:
        """Empty every ring once; records written in the meantime are left for the next pass.

        Rings without records are omitted.
        """
        self.quiet = True
        if self._retired:
            yield from self._drain_retired()
        for index, ring in enumerate(self._rings):
            drained = _drain(ring)
            if drained is not None:
                self.quiet = False
                storm = self._switch.disarm(ring, round(drained.fill * ring.size))
                yield drained
                if not storm and self._is_too_small(drained):
                    self._grow(index)

    def _drain_retired(self) -> Iterator[Drained]:
        """Empty rings that were replaced, and close those that no program can be writing to."""
        before = time.monotonic() - _RETIRED_SECONDS
        retired, self._retired = self._retired, []
        for since, ring in retired:
            drained = _drain(ring)
            if drained is not None:
                self.quiet = False
                yield drained
            if drained is None and since < before:
                ring.close()
            else:
                self._retired.append((since, ring))

    def _is_too_small(self, drained: Drained) -> bool:
        """Return whether the ring was full, or more than half full in several passes."""
        crowded = drained.fill > _CROWDED
        passes = self._crowded.get(drained.cpu, 0) + 1 if crowded else 0
        self._crowded[drained.cpu] = passes
        full = drained.fill > _FULL or drained.contents.lost > 0
        return full or passes >= _CROWDED_PASSES

    def _grow(self, index: int) -> None:
        """Replace a ring with a larger one, unless a limit has been reached."""
        ring = self._rings[index]
        pages = min(_GROWTH * ring.pages, self._max_pages)
        total = sum(one.pages for one in self._rings) + sum(one.pages for _, one in self._retired)
        if pages <= ring.pages or total + pages > _MAX_TOTAL_PAGES:
            return
        try:
            larger = CpuRing(ring.cpu, pages)
        except (
            KernelError
        ) as error:  # after EPERM, ENOMEM or EMFILE, another attempt would fail as well
            self.not_grown, self._max_pages = errno_name(error.errno or 0), 0
            return
        self._rings[index] = larger
        self._switch.install(larger)
        self._retired.append((time.monotonic(), ring))
        self._crowded[ring.cpu] = 0
        self.grown_to = max(self.grown_to, pages)
        self.opened.append(larger.batching.fileno())

    def close(self) -> None:
        """Unmap and close all rings. Closing a reader twice has no effect."""
        while self._retired:
            self._retired.pop()[1].close()
        while self._rings:
            self._rings.pop().close()
        self._switch.close()


def _drain(ring: CpuRing) -> Drained | None:
    """Take the records from a ring, or return None if there are none."""
    data = ring.cursor.take()
    if not data and ring.cursor.damage is None:
        return None
    return Drained(ring.cpu, _contents(ring, data), len(data) / ring.size)


def _contents(ring: CpuRing, data: bytes) -> Contents:
    from rawbpf.ring.perf_records import parse_records  # not needed before the first record arrives

    contents = parse_records(data)
    if ring.cursor.damage is not None:
        contents, ring.cursor.damage = contents._replace(damage=ring.cursor.damage), None
    return contents
