"""Read a PERF_EVENT_ARRAY, which has one perf ring per CPU.

bpf_perf_event_output(ctx, map, BPF_F_CURRENT_CPU, data, size) writes to the event that is stored in
the map under the number of the current CPU. The reader therefore opens a software event for each
CPU, maps its ring, and stores its descriptor in the map. The map and the events must stay open,
because closing the map removes the events that were stored through it, and an event that is not
mapped has no ring.

The IDs of possible CPUs may have gaps, and opening an event for an offline CPU fails with ENODEV. A
CPU that comes online later has no ring, so the helper fails with ENOENT on that CPU. On a CPU whose
ID is not below the map's max_entries, the helper fails with E2BIG. How these losses are counted is
described in ``reading.collector``.
"""

from __future__ import annotations

import errno
import os

from rawbpf.errors import KernelError, UsageError
from rawbpf.kernel.hardware import possible_cpus
from rawbpf.light_typing import TYPE_CHECKING, NamedTuple
from rawbpf.ring.perf_ring import PerfRing
from rawbpf.syscall.fd import PROT_READ, PROT_WRITE, Mapping, Owner, fence
from rawbpf.syscall.perf_event import open_bpf_output

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.maps.map import Map
    from rawbpf.ring.perf_records import Contents
    from rawbpf.syscall.fd import Fd

__all__ = ["DEFAULT_PAGES", "LARGEST_PAGES", "Drained", "PerfReader", "check_pages"]

_PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")

DEFAULT_PAGES = 64
"""Number of data pages per CPU: 256 KiB with pages of 4 KiB, enough for about 2,900 log records."""

LARGEST_PAGES = 1 << 15
"""The maximum is 128 MiB per CPU with pages of 4 KiB.

A larger number of pages is probably a typing error.
"""


def check_pages(pages: int) -> int:
    """Return ``pages`` if it is a power of two from 1 to LARGEST_PAGES.

    Raises UsageError if the number of pages is invalid.

    >>> check_pages(8)
    8
    """
    if pages < 1 or pages & (pages - 1) or pages > LARGEST_PAGES:
        raise UsageError(
            f"a ring cannot have {pages} pages",
            fix=f"give a power of two from 1 to {LARGEST_PAGES}",
        )
    return pages


class Drained(NamedTuple):
    """The records that one pass took from the ring of ``cpu``, and its fill level (0 to 1)."""

    cpu: int
    contents: Contents
    fill: float


class _CpuRing:
    """A CPU's event, its mapped ring, and a cursor over the ring."""

    def __init__(self, cpu: int, pages: int) -> None:
        self.cpu = cpu
        self.fd: Fd = open_bpf_output(cpu)
        self._size = pages * _PAGE_SIZE
        try:
            # A writable mapping makes the kernel respect our tail and report lost records.
            protection = PROT_READ | PROT_WRITE
            self._mapping = Mapping(self.fd, _PAGE_SIZE + self._size, protection=protection)
        except KernelError as error:
            self.fd.close()
            raise _no_memory(cpu, pages, error) from None
        self._ring = PerfRing(self._mapping.view(), _PAGE_SIZE, fence)

    def drain(self) -> Drained:
        from rawbpf.ring.perf_records import parse_records  # not needed before the first record

        data = self._ring.take()
        contents = parse_records(data)
        if self._ring.damage is not None:
            contents, self._ring.damage = contents._replace(damage=self._ring.damage), None
        return Drained(self.cpu, contents, len(data) / self._size)

    def close(self) -> None:
        self._ring.release()
        self._mapping.close()
        self.fd.close()


class PerfReader(Owner):
    """Reads records that programs write to ``events``, a PERF_EVENT_ARRAY that must stay open.

    A map has only one reader; a second reader replaces the rings of the first. The rings take (1 +
    pages) x page size for each online CPU. Errors: UsageError (the number of pages is invalid);
    KernelError with EPERM or ENOMEM (the rings are too large for this user) or EMFILE.
    """

    def __init__(self, events: Map, pages: int = DEFAULT_PAGES) -> None:
        check_pages(pages)
        self._rings: list[_CpuRing] = []
        self.offline: list[int] = []
        try:
            for cpu in possible_cpus():
                if cpu < events.spec.max_entries:
                    self._open(cpu, pages, events)
        except BaseException:
            self.close()
            raise

    def _open(self, cpu: int, pages: int, events: Map) -> None:
        try:
            ring = _CpuRing(cpu, pages)
        except KernelError as error:
            if error.errno == errno.ENODEV:
                self.offline.append(cpu)
                return
            if error.call == "perf_event_open":
                from rawbpf.kernel.call_error import call_error  # imported only after a failure

                raise call_error(f"cannot open a perf ring for CPU {cpu}", error) from None
            raise
        self._rings.append(ring)
        events.update(cpu.to_bytes(4, "little"), ring.fd.fileno().to_bytes(4, "little"))

    def filenos(self) -> list[int]:
        """Return the descriptors that become readable when a record arrives."""
        return [ring.fd.fileno() for ring in self._rings]

    def drain(self) -> Iterator[Drained]:
        """Empty every ring once; records written in the meantime are left for the next pass."""
        for ring in self._rings:
            yield ring.drain()

    def close(self) -> None:
        """Unmap and close all rings. Closing a reader twice has no effect."""
        while self._rings:
            self._rings.pop().close()


def _no_memory(cpu: int, pages: int, error: KernelError) -> KernelError:
    """Explain EPERM (perf_event_mlock_kb is exceeded) and ENOMEM (too little memory)."""
    return KernelError(
        f"cannot map a ring of {pages} pages for CPU {cpu}",
        errno=error.errno or 0,
        call="mmap",
        fix="ask for fewer with --buffer-pages, or raise /proc/sys/kernel/perf_event_mlock_kb",
    )
