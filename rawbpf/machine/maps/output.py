"""Maps that programs write and user space reads: perf rings, ring buffers and stack traces.

User space reads nothing while the interpreter runs a program, so a full ring buffer stays full.
"""

from __future__ import annotations

import errno
import zlib
from struct import pack
from typing import TYPE_CHECKING

from rawbpf.machine.maps.base import MachineMap, OutputRecord
from rawbpf.uapi.bpf import BPF_F_CURRENT_CPU, BPF_F_INDEX_MASK, BPF_F_REUSE_STACKID

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.machine.maps.base import Quota
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["PerfEventArray", "RingBuf", "StackTrace"]

_PAGE = 4096
_HEADER = 8
_LARGEST = (1 << 32) // 4 - 1
"""RINGBUF_MAX_RECORD_SZ."""

_ADDRESS = 8


class PerfEventArray(MachineMap):
    """BPF_MAP_TYPE_PERF_EVENT_ARRAY, with an open perf ring for every CPU."""

    def __init__(self, spec: MapSpec, quota: Quota, cpus: int) -> None:
        super().__init__(spec, quota, cpus)
        self._written: list[OutputRecord] = []

    @property
    def records(self) -> list[OutputRecord]:
        """All records in the order in which the program wrote them."""
        return self._written

    def output(self, flags: int, cpu: int, data: bytes) -> int:
        """Write a record to the perf ring selected by ``flags``; return 0 or a negative errno."""
        index = cpu if flags == BPF_F_CURRENT_CPU else flags
        if flags & ~BPF_F_INDEX_MASK:
            return -errno.EINVAL
        if index >= (self.spec.max_entries or self.cpus):  # 0 means one slot per CPU
            return -errno.E2BIG
        if index >= self.cpus:
            return -errno.ENOENT
        if index != cpu:
            return -errno.EOPNOTSUPP
        self.quota.take(len(data))
        self._written.append(OutputRecord(cpu, data))
        return 0


class RingBuf(MachineMap):
    """BPF_MAP_TYPE_RINGBUF (Linux 5.8), which is one ring of ``max_entries`` bytes for all CPUs."""

    def __init__(self, spec: MapSpec, quota: Quota, cpus: int) -> None:
        super().__init__(spec, quota, cpus)
        size = spec.max_entries
        self.require(
            spec.key_size == 0 and spec.value_size == 0, "key_size and value_size must be 0"
        )
        self.require(
            size >= _PAGE and size & (size - 1) == 0,
            "max_entries must be a power of two that is at least 4096",
        )
        self.produced = 0
        self._written: dict[
            int, OutputRecord | None
        ] = {}  # maps a position to a record, or to None once the record is committed or discarded

    @property
    def records(self) -> list[OutputRecord]:
        """The submitted records, in the order in which they were reserved."""
        return [record for record in self._written.values() if record is not None]

    def reserve(self, size: int) -> int | None:
        """Reserve a record and return its position for `commit`, or None if the ring is full."""
        end = self.produced + -(-(size + _HEADER) // 8) * 8
        if size > _LARGEST or end > self.spec.max_entries - 1:
            return None
        self.quota.take(size)
        position, self.produced = self.produced, end
        self._written[position] = None
        return position

    def commit(self, position: int, cpu: int, data: bytes) -> None:
        """Make a reserved record visible to the reader."""
        self._written[position] = OutputRecord(cpu, data)

    def output(self, cpu: int, data: bytes) -> int:
        """Reserve, copy and commit a record in one operation; return 0 or a negative errno."""
        position = self.reserve(len(data))
        if position is None:
            return -errno.EAGAIN
        self.commit(position, cpu, data)
        return 0

    def query(self, what: int) -> int:
        """Return BPF_RB_AVAIL_DATA, _RING_SIZE, _CONS_POS or _PROD_POS, as ``flags`` requests."""
        return {0: self.produced, 1: self.spec.max_entries, 2: 0, 3: self.produced}.get(what, 0)


class StackTrace(MachineMap):
    """BPF_MAP_TYPE_STACK_TRACE, which maps a stack ID to the addresses of a stack."""

    def __init__(self, spec: MapSpec, quota: Quota, cpus: int) -> None:
        super().__init__(spec, quota, cpus)
        self.require(spec.key_size == 4, "the key must be 4 bytes long")
        self.require(
            spec.value_size > 0 and spec.value_size % _ADDRESS == 0,
            "value_size must be a multiple of 8",
        )
        self.require(spec.max_entries > 0, "max_entries must not be 0")
        self._buckets = 1 << (spec.max_entries - 1).bit_length()
        self._stacks: dict[int, bytes] = {}

    def remember(self, addresses: tuple[int, ...], flags: int) -> int:
        """Store a stack and return its hash, which is the stack ID.

        Returns -EFAULT if the stack is empty, and -EEXIST if another stack has the same hash and
        ``flags`` do not contain BPF_F_REUSE_STACKID.
        """
        if not addresses:
            return -errno.EFAULT
        stack = pack(f"<{len(addresses)}Q", *addresses)[: self.spec.value_size]
        number = zlib.crc32(stack) & (self._buckets - 1)
        if self._stacks.get(number, stack) != stack and not flags & BPF_F_REUSE_STACKID:
            return -errno.EEXIST
        if number not in self._stacks:
            self.quota.take(self.spec.value_size)
        self._stacks[number] = stack
        return number

    def entries(self) -> Iterable[tuple[bytes, tuple[bytes, ...]]]:
        """Return the stacks in the order of their IDs."""
        for number, stack in sorted(self._stacks.items()):
            yield number.to_bytes(4, "little"), (stack,)
