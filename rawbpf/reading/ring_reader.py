"""Read a BPF_MAP_TYPE_RINGBUF through memory mappings, without a system call per record.

The map's descriptor is mapped twice: a writable page at offset 0 contains the reader's position,
and the read-only pages after it contain the kernel's position and two consecutive mappings of the
data.

Minimum kernel: 5.8 (457f44363a88).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rawbpf.errors import KernelError, UsageError
from rawbpf.reading.perf_reader import MAX_PAGES, Drained, PerfReader
from rawbpf.ring.bpf_ring import BpfRing
from rawbpf.ring.perf_records import Contents
from rawbpf.syscall.fd import PROT_READ, PROT_WRITE, Mapping, Owner, fence
from rawbpf.uapi.bpf import bpf_map_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.maps.map import Map

__all__ = ["RingReader", "open_reader"]

_PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")


class RingReader(Owner):
    """Reads records that programs write to ``ring``, a RINGBUF that must stay open.

    All readers of a ring share one position, so each record is delivered to only one reader. The
    mappings take an address space of two pages plus twice the ring's size. Raises KernelError if
    mmap fails.

    If a program does not pass wake-up flags, it wakes the reader only if the reader has already
    read all earlier records (ring_buffer_commit in kernel/bpf/ringbuf.c). While unread records
    remain, no record wakes the reader, even if the ring fills up.
    """

    grown_to, not_grown = 0, ""
    """The kernel cannot resize a ring buffer, and the program refers to one fixed map."""

    paced = False
    """The descriptor is readable as long as the ring contains a record."""

    def __init__(self, ring: Map) -> None:
        self._map = ring
        self.opened: list[int] = []
        self.quiet = True
        """Whether the last pass found no records."""
        size = ring.spec.max_entries
        try:
            self._consumer = Mapping(ring, _PAGE_SIZE, protection=PROT_READ | PROT_WRITE)
            try:
                self._producer = Mapping(
                    ring, _PAGE_SIZE + 2 * size, protection=PROT_READ, offset=_PAGE_SIZE
                )
            except BaseException:
                self._consumer.close()
                raise
        except KernelError as error:
            raise KernelError(
                f"cannot map ring buffer {ring.spec.name!r}", errno=error.errno or 0, call="mmap"
            ) from None
        self._cursor = BpfRing(self._consumer.view(), self._producer.view(), _PAGE_SIZE, fence)

    def filenos(self) -> list[int]:
        """Return the descriptor that becomes readable when a record arrives."""
        return [self._map.fileno()]

    def arm(self) -> bool:
        """Return True, because the kernel wakes a reader that has read all records."""
        return True

    def drain(self) -> Iterator[Drained]:
        """Take the records before the first unfinished record.

        All CPUs share the ring, so the CPU is -1.
        """
        fill = self._cursor.fill
        batches = self._cursor.take()
        damage, self._cursor.damage = self._cursor.damage, None
        self.quiet = not batches and damage is None
        yield Drained(-1, Contents(batches, 0, 0, damage), fill)

    def close(self) -> None:
        """Unmap the ring. Closing a reader twice has no effect."""
        self._cursor.release()
        self._consumer.close()
        self._producer.close()


def open_reader(ring: Map, max_pages: int = MAX_PAGES) -> RingReader | PerfReader:
    """Map the rings of a RINGBUF or PERF_EVENT_ARRAY into memory.

    Perf rings that fill up grow up to ``max_pages`` pages per CPU.

    Raises UsageError if the map has any other type.
    """
    match ring.spec.map_type:
        case bpf_map_type.BPF_MAP_TYPE_RINGBUF:
            return RingReader(ring)
        case bpf_map_type.BPF_MAP_TYPE_PERF_EVENT_ARRAY:
            return PerfReader(ring, max_pages=max_pages)
        case _:
            raise UsageError(f"map {ring.spec.name!r} is not a ring", fix="read it with items()")
