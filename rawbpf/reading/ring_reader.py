"""Reads a BPF_MAP_TYPE_RINGBUF by mapping it: no system call for a record, none for its space.

Two mappings of the map's descriptor: one page at offset 0 that we may write, for our position, and
from the second page on the kernel's position and the data, twice, for reading only.

Minimum kernel: 5.8 (457f44363a88).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rawbpf.errors import KernelError
from rawbpf.reading.perf_reader import Drained
from rawbpf.ring.bpf_ring import BpfRing
from rawbpf.ring.perf_ring import Contents
from rawbpf.syscall.fence import fence
from rawbpf.syscall.memory import PROT_READ, PROT_WRITE, Mapping
from rawbpf.syscall.owner import Owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.maps.map import Map

__all__ = ["RingReader"]

_PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")


class RingReader(Owner):
    """Reads what programs write to ``ring``. The map's owner keeps it open meanwhile.

    Memory: 2 pages and, twice in addresses but once in bytes, the ring's size.
    """

    def __init__(self, ring: Map) -> None:
        self._map = ring
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
        """The descriptor that becomes readable when a record arrives."""
        return [self._map.fileno()]

    def drain(self) -> Iterator[Drained]:
        """Take what is finished, in one pass. CPU -1: the ring is shared by all."""
        fill = self._cursor.fill
        samples = self._cursor.take()
        damage, self._cursor.damage = self._cursor.damage, None
        yield Drained(-1, Contents(samples, 0, 0, damage), fill)

    def close(self) -> None:
        """Unmap."""
        self._cursor.release()
        self._consumer.close()
        self._producer.close()
