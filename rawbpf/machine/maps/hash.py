"""Hashes: keys of any bytes. The least recently used goes, or a full one refuses.

Replacing a value gives the key a new one; whoever looked up the old one before keeps that, as in
the kernel until the program ends. A per-CPU value is written in place instead. The order in which
the kernel goes through a hash is not defined; here it is that of insertion. The kernel's LRU is
approximate, with lists for each CPU, and may evict earlier and others than this one.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.machine.maps.base import MachineMap
from rawbpf.uapi.bpf import BPF_EXIST, BPF_NOEXIST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.machine.maps.base import Room
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["Hash", "LruHash", "LruPerCpuHash", "PerCpuHash"]


class Hash(MachineMap):
    """BPF_MAP_TYPE_HASH."""

    def __init__(self, spec: MapSpec, room: Room, cpus: int, copies: int = 1) -> None:
        super().__init__(spec, room, cpus)
        self.require(spec.key_size > 0 and spec.value_size > 0, "its keys and values have no size")
        self.require(spec.max_entries > 0, "it holds nothing")
        self._copies = copies
        self._size = spec.key_size + copies * spec.value_size
        self._values: dict[bytes, list[bytearray]] = {}

    def lookup(self, key: bytes, cpu: int) -> bytearray | None:
        """The value of a CPU."""
        copies = self._values.get(key)
        return copies[cpu % self._copies] if copies else None

    def update(self, key: bytes, value: bytes, flags: int = 0, cpu: int = 0) -> int:
        """-EEXIST, -ENOENT as the flags ask for; -E2BIG when it is full."""
        copies = self._values.get(key)
        if flags > BPF_EXIST:
            return -errno.EINVAL
        if copies is None:
            return -errno.ENOENT if flags == BPF_EXIST else self._insert(key, value, cpu)
        if flags == BPF_NOEXIST:
            return -errno.EEXIST
        if self._copies == 1:
            copies[0] = bytearray(value)
        else:
            copies[cpu][:] = value
        return 0

    def _insert(self, key: bytes, value: bytes, cpu: int) -> int:
        if len(self._values) == self.spec.max_entries and not self._make_place():
            return -errno.E2BIG
        self.room.take(self._size)
        copies = [bytearray(self.spec.value_size) for _ in range(self._copies)]
        copies[cpu % self._copies][:] = value
        self._values[key] = copies
        return 0

    def _make_place(self) -> bool:
        """Remove one that is there, if this kind of map does so when it is full."""
        return False

    def delete(self, key: bytes) -> int:
        """-ENOENT when there is no such key."""
        if self._values.pop(key, None) is None:
            return -errno.ENOENT
        self.room.give(self._size)
        return 0

    def all_keys(self) -> Iterable[bytes]:
        """In the order of insertion."""
        return tuple(self._values)  # a callback may delete the one that it sees

    def entries(self) -> Iterable[tuple[bytes, tuple[bytes, ...]]]:
        """In the order of insertion."""
        for key, copies in self._values.items():
            yield key, tuple(map(bytes, copies))


class PerCpuHash(Hash):
    """BPF_MAP_TYPE_PERCPU_HASH."""

    def __init__(self, spec: MapSpec, room: Room, cpus: int) -> None:
        super().__init__(spec, room, cpus, copies=cpus)


class LruHash(Hash):
    """BPF_MAP_TYPE_LRU_HASH: never full, as the key that was not used for longest makes place."""

    def lookup(self, key: bytes, cpu: int) -> bytearray | None:
        """It counts as use."""
        self._use(key)
        return super().lookup(key, cpu)

    def update(self, key: bytes, value: bytes, flags: int = 0, cpu: int = 0) -> int:
        """It counts as use."""
        self._use(key)
        return super().update(key, value, flags, cpu)

    def _use(self, key: bytes) -> None:
        """Move a key to the end, as dictionaries keep the order of insertion."""
        if key in self._values:
            self._values[key] = self._values.pop(key)

    def _make_place(self) -> bool:
        return self.delete(next(iter(self._values))) == 0


class LruPerCpuHash(LruHash):
    """BPF_MAP_TYPE_LRU_PERCPU_HASH."""

    def __init__(self, spec: MapSpec, room: Room, cpus: int) -> None:
        super().__init__(spec, room, cpus, copies=cpus)
