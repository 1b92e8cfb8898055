"""Maps that programs write records to, for user space to read.

Nobody reads while a program runs in the machine, so a ring buffer that is full stays full.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.machine.maps.base import MachineMap, Record
from rawbpf.uapi.bpf import BPF_F_CURRENT_CPU, BPF_F_INDEX_MASK

if TYPE_CHECKING:
    from rawbpf.machine.maps.base import Room
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["PerfEventArray", "RingBuf"]

_PAGE = 4096
_HEADER = 8
_LARGEST = (1 << 32) // 4 - 1
"""RINGBUF_MAX_RECORD_SZ."""


class PerfEventArray(MachineMap):
    """BPF_MAP_TYPE_PERF_EVENT_ARRAY. A ring is open for each CPU, as tools do it."""

    def __init__(self, spec: MapSpec, room: Room, cpus: int) -> None:
        super().__init__(spec, room, cpus)
        self._written: list[Record] = []

    @property
    def records(self) -> list[Record]:
        """In the order in which they were written."""
        return self._written

    def output(self, flags: int, cpu: int, data: bytes) -> int:
        """Write a record to the ring at the index in ``flags``; 0 or -errno."""
        index = cpu if flags == BPF_F_CURRENT_CPU else flags
        if flags & ~BPF_F_INDEX_MASK:
            return -errno.EINVAL
        if index >= (self.spec.max_entries or self.cpus):  # 0: as many as there are CPUs
            return -errno.E2BIG
        if index >= self.cpus:
            return -errno.ENOENT
        if index != cpu:
            return -errno.EOPNOTSUPP
        self.room.take(len(data))
        self._written.append(Record(cpu, data))
        return 0


class RingBuf(MachineMap):
    """BPF_MAP_TYPE_RINGBUF (Linux 5.8): one ring for all CPUs, ``max_entries`` bytes of it."""

    def __init__(self, spec: MapSpec, room: Room, cpus: int) -> None:
        super().__init__(spec, room, cpus)
        size = spec.max_entries
        self.require(spec.key_size == 0 and spec.value_size == 0, "it has no keys and no values")
        self.require(
            size >= _PAGE and size & (size - 1) == 0, "its size is a power of two, 4096 or more"
        )
        self.produced = 0
        self._written: dict[int, Record | None] = {}  # by position; None: reserved or discarded

    @property
    def records(self) -> list[Record]:
        """In the order of reservation, without those that were discarded."""
        return [record for record in self._written.values() if record is not None]

    def reserve(self, size: int) -> int | None:
        """Set room aside. Its position, for ``commit``; None when the ring is full."""
        end = self.produced + -(-(size + _HEADER) // 8) * 8
        if size > _LARGEST or end > self.spec.max_entries - 1:
            return None
        self.room.take(size)
        position, self.produced = self.produced, end
        self._written[position] = None
        return position

    def commit(self, position: int, cpu: int, data: bytes) -> None:
        """Show a reserved record to the reader."""
        self._written[position] = Record(cpu, data)

    def output(self, cpu: int, data: bytes) -> int:
        """Reserve, copy and commit in one; 0 or -errno."""
        position = self.reserve(len(data))
        if position is None:
            return -errno.EAGAIN
        self.commit(position, cpu, data)
        return 0

    def query(self, what: int) -> int:
        """BPF_RB_AVAIL_DATA, _RING_SIZE, _CONS_POS, _PROD_POS; 0 for anything else."""
        return {0: self.produced, 1: self.spec.max_entries, 2: 0, 3: self.produced}.get(what, 0)
