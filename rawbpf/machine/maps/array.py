"""Arrays: the key is an index of 32 bits, all values exist from the start and are zero.

Here a value comes into being when it is first looked at, so that an array of a million costs what
is used of it.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.machine.maps.base import MachineMap
from rawbpf.uapi.bpf import BPF_EXIST, BPF_NOEXIST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rawbpf.machine.maps.base import Room
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["Array", "PerCpuArray"]


class Array(MachineMap):
    """BPF_MAP_TYPE_ARRAY."""

    def __init__(self, spec: MapSpec, room: Room, cpus: int, copies: int = 1) -> None:
        super().__init__(spec, room, cpus)
        self.require(spec.key_size == 4, "its key is an index of 4 bytes")
        self.require(spec.value_size > 0 and spec.max_entries > 0, "it holds nothing")
        self._copies = copies
        self._values: dict[int, tuple[bytearray, ...]] = {}

    def lookup(self, key: bytes, cpu: int) -> bytearray | None:
        """The value of a CPU; None beyond the end."""
        index = int.from_bytes(key, "little")
        if index >= self.spec.max_entries:
            return None
        if index not in self._values:
            self.room.take(self._copies * self.spec.value_size)
            copies = (bytearray(self.spec.value_size) for _ in range(self._copies))
            self._values[index] = tuple(copies)
        return self._values[index][cpu % self._copies]

    def update(self, key: bytes, value: bytes, flags: int = 0, cpu: int = 0) -> int:
        """-E2BIG beyond the end, -EEXIST with BPF_NOEXIST, as all keys are there."""
        if flags > BPF_EXIST:
            return -errno.EINVAL
        old = self.lookup(key, cpu)
        if old is None:
            return -errno.E2BIG
        if flags == BPF_NOEXIST:
            return -errno.EEXIST
        old[:] = value
        return 0

    def delete(self, key: bytes) -> int:  # noqa: ARG002
        """Arrays have no holes."""
        return -errno.EINVAL

    def all_keys(self) -> Iterator[bytes]:
        """All indices."""
        return (index.to_bytes(4, "little") for index in range(self.spec.max_entries))

    def entries(self) -> Iterable[tuple[bytes, tuple[bytes, ...]]]:
        """Only those that were looked at; the others are zero."""
        for index in sorted(self._values):
            yield index.to_bytes(4, "little"), tuple(map(bytes, self._values[index]))


class PerCpuArray(Array):
    """BPF_MAP_TYPE_PERCPU_ARRAY: every CPU has its own values, and programs see their CPU's."""

    def __init__(self, spec: MapSpec, room: Room, cpus: int) -> None:
        super().__init__(spec, room, cpus, copies=cpus)
