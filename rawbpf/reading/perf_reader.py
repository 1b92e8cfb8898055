"""One perf ring for each CPU, behind one PERF_EVENT_ARRAY.

bpf_perf_event_output(ctx, map, BPF_F_CURRENT_CPU, data, size) looks into the slot of the CPU that
it runs on and writes to the event it finds. So we open one software event for each CPU, map it, and
store its descriptor in that CPU's slot. Then we must keep both: closing the array drops the
events stored in it, and an event without its mapping has no ring.

CPUs: possible ids may have holes; one that is offline answers ENODEV. A CPU that comes online later
has no ring, and what runs there is lost with ENOENT: the program counts that, see ``trace.ledger``.
So is what runs on a CPU that an array of too few entries has no slot for (E2BIG).
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import KernelError, UsageError
from rawbpf.kernel.call_error import call_error
from rawbpf.kernel.hardware import possible_cpus
from rawbpf.ring.perf_ring import Contents, PerfRing, parse_records
from rawbpf.syscall.fence import fence
from rawbpf.syscall.memory import PROT_READ, PROT_WRITE, Mapping
from rawbpf.syscall.owner import Owner
from rawbpf.syscall.perf_event import open_bpf_output

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.maps.map import Map
    from rawbpf.syscall.fd import Fd

__all__ = ["DEFAULT_PAGES", "LARGEST_PAGES", "Drained", "PerfReader", "check_pages"]

_PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")

DEFAULT_PAGES = 64
"""Pages of data a CPU: 256 KiB where a page is 4 KiB, some 2,900 log records."""

LARGEST_PAGES = 1 << 15
"""128 MiB a CPU. Beyond that a typing error is more likely than a wish."""


def check_pages(pages: int) -> int:
    """A power of two from 1 to LARGEST_PAGES, or UsageError.

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
    """What one pass found in the ring of ``cpu``, and how full that was (0 to 1)."""

    cpu: int
    records: Contents
    fill: float


class _CpuRing:
    """The event of one CPU, its mapping, and the cursor over it."""

    def __init__(self, cpu: int, pages: int) -> None:
        self.cpu = cpu
        self.fd: Fd = open_bpf_output(cpu)
        self._size = pages * _PAGE_SIZE
        try:
            # PROT_WRITE is what makes the kernel respect our tail, and report what it lost.
            protection = PROT_READ | PROT_WRITE
            self._mapping = Mapping(self.fd, _PAGE_SIZE + self._size, protection=protection)
        except KernelError as error:
            self.fd.close()
            raise _no_memory(cpu, pages, error) from None
        self._ring = PerfRing(self._mapping.view(), _PAGE_SIZE, fence)

    def drain(self) -> Drained:
        data = self._ring.take()
        records = parse_records(data)
        if self._ring.damage is not None:
            records, self._ring.damage = records._replace(damage=self._ring.damage), None
        return Drained(self.cpu, records, len(data) / self._size)

    def close(self) -> None:
        self._ring.release()
        self._mapping.close()
        self.fd.close()


class PerfReader(Owner):
    """Reads what BPF programs write to ``events``, a PERF_EVENT_ARRAY.

    Memory: (1 + pages) x page size for each CPU that is online. Errors: UsageError for a bad page
    count; KernelError with EPERM or ENOMEM when the rings are too large for this user.
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
                raise call_error(f"cannot open a perf ring for CPU {cpu}", error) from None
            raise
        self._rings.append(ring)
        events.update(cpu.to_bytes(4, "little"), ring.fd.fileno().to_bytes(4, "little"))

    def filenos(self) -> list[int]:
        """Descriptors that become readable when a record arrives."""
        return [ring.fd.fileno() for ring in self._rings]

    def drain(self) -> Iterator[Drained]:
        """Empty every ring once. One pass, whatever is written meanwhile."""
        for ring in self._rings:
            yield ring.drain()

    def close(self) -> None:
        """Unmap and close all rings."""
        while self._rings:
            self._rings.pop().close()


def _no_memory(cpu: int, pages: int, error: KernelError) -> KernelError:
    """Mmap's EPERM means perf_event_mlock_kb, its ENOMEM that there is no such run of memory."""
    return KernelError(
        f"cannot map a ring of {pages} pages for CPU {cpu}",
        errno=error.errno or 0,
        call="mmap",
        fix="ask for fewer with --buffer-pages, or raise /proc/sys/kernel/perf_event_mlock_kb",
    )
