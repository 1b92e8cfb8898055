"""Hash maps; when they are full, an update either fails or evicts the least recently used key.

An update replaces the value: existing pointers to the old value remain valid and still show the old
contents, as in the kernel until the program ends. Per-CPU values are overwritten in place instead.
Iteration follows insertion order; in the kernel the order is undefined. The kernel's LRU is
approximate and uses per-CPU lists, so the kernel may evict keys earlier, and choose different keys,
than this implementation.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.machine.maps.base import MachineMap
from rawbpf.uapi.bpf import BPF_EXIST, BPF_NOEXIST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.machine.maps.base import Quota
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["Hash", "LruHash", "LruPerCpuHash", "PerCpuHash"]


class Hash(MachineMap):
    """BPF_MAP_TYPE_HASH."""

    def __init__(self, spec: MapSpec, quota: Quota, cpus: int, copies: int = 1) -> None:
        super().__init__(spec, quota, cpus)
        self.require(
            spec.key_size > 0 and spec.value_size > 0, "key_size and value_size must not be 0"
        )
        self.require(spec.max_entries > 0, "max_entries must not be 0")
        self._copies = copies
        self._size = spec.key_size + copies * spec.value_size
        self._values: dict[bytes, list[bytearray]] = {}

    def lookup(self, key: bytes, cpu: int) -> bytearray | None:
        """Return the value of the given CPU, or None if the key is absent."""
        copies = self._values.get(key)
        return copies[cpu % self._copies] if copies else None

    def update(self, key: bytes, value: bytes, flags: int = 0, cpu: int = 0) -> int:
        """Set a value.

        Return -EEXIST or -ENOENT if ``flags`` forbid the update, or -E2BIG if the map is full.
        """
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
        if len(self._values) == self.spec.max_entries and not self._evict():
            return -errno.E2BIG
        self.quota.take(self._size)
        copies = [bytearray(self.spec.value_size) for _ in range(self._copies)]
        copies[cpu % self._copies][:] = value
        self._values[key] = copies
        return 0

    def _evict(self) -> bool:
        """Evict an element to free space; return False if this map type does not evict."""
        return False

    def delete(self, key: bytes) -> int:
        """Remove a key, or return -ENOENT if the key is absent."""
        if self._values.pop(key, None) is None:
            return -errno.ENOENT
        self.quota.give(self._size)
        return 0

    def all_keys(self) -> Iterable[bytes]:
        """Return the keys in insertion order."""
        return tuple(
            self._values
        )  # iterate over a copy, because a callback may delete the current key

    def entries(self) -> Iterable[tuple[bytes, tuple[bytes, ...]]]:
        """Return the elements in insertion order."""
        for key, copies in self._values.items():
            yield key, tuple(map(bytes, copies))


class PerCpuHash(Hash):
    """BPF_MAP_TYPE_PERCPU_HASH."""

    def __init__(self, spec: MapSpec, quota: Quota, cpus: int) -> None:
        super().__init__(spec, quota, cpus, copies=cpus)


class LruHash(Hash):
    """BPF_MAP_TYPE_LRU_HASH, which is never full, because it evicts the least recently used key."""

    def lookup(self, key: bytes, cpu: int) -> bytearray | None:
        """Return the value of the given CPU, and mark the key as recently used."""
        self._use(key)
        return super().lookup(key, cpu)

    def update(self, key: bytes, value: bytes, flags: int = 0, cpu: int = 0) -> int:
        """Set a value and mark the key as recently used."""
        self._use(key)
        return super().update(key, value, flags, cpu)

    def _use(self, key: bytes) -> None:
        """Move a key to the end of the dictionary, which preserves insertion order."""
        if key in self._values:
            self._values[key] = self._values.pop(key)

    def _evict(self) -> bool:
        return self.delete(next(iter(self._values))) == 0


class LruPerCpuHash(LruHash):
    """BPF_MAP_TYPE_LRU_PERCPU_HASH."""

    def __init__(self, spec: MapSpec, quota: Quota, cpus: int) -> None:
        super().__init__(spec, quota, cpus, copies=cpus)
