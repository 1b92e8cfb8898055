"""Array maps: the key is a 32-bit index, and all elements exist from the start.

A value is allocated and filled with zeros on its first lookup, so a large array uses memory only
for elements that the program accesses. In a prog_array, elements are empty until user space stores
programs in them.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.machine.maps.base import MachineMap
from rawbpf.uapi.bpf import BPF_EXIST, BPF_NOEXIST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.machine.maps.base import Quota
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["Array", "PerCpuArray", "ProgArray"]


class Array(MachineMap):
    """BPF_MAP_TYPE_ARRAY."""

    def __init__(self, spec: MapSpec, quota: Quota, cpus: int, copies: int = 1) -> None:
        super().__init__(spec, quota, cpus)
        self.require(spec.key_size == 4, "the key must be 4 bytes long")
        self.require(
            spec.value_size > 0 and spec.max_entries > 0, "value_size and max_entries must not be 0"
        )
        self._copies = copies
        self._values: dict[int, tuple[bytearray, ...]] = {}

    def lookup(self, key: bytes, cpu: int) -> bytearray | None:
        """Return the value of the given CPU, or None if the index is out of range."""
        index = int.from_bytes(key, "little")
        if index >= self.spec.max_entries:
            return None
        if index not in self._values:
            self.quota.take(self._copies * self.spec.value_size)
            copies = (bytearray(self.spec.value_size) for _ in range(self._copies))
            self._values[index] = tuple(copies)
        return self._values[index][cpu % self._copies]

    def update(self, key: bytes, value: bytes, flags: int = 0, cpu: int = 0) -> int:
        """Set an element; return -E2BIG for an index out of range, -EEXIST for BPF_NOEXIST."""
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
        """Return -EINVAL, because elements of an array cannot be deleted."""
        return -errno.EINVAL

    def all_keys(self) -> Iterator[bytes]:
        """Return all indices."""
        return (index.to_bytes(4, "little") for index in range(self.spec.max_entries))

    def entries(self) -> Iterable[tuple[bytes, tuple[bytes, ...]]]:
        """Return the elements that have been looked up; all others are still zero."""
        for index in sorted(self._values):
            yield index.to_bytes(4, "little"), tuple(map(bytes, self._values[index]))


class PerCpuArray(Array):
    """BPF_MAP_TYPE_PERCPU_ARRAY: each CPU has its own copy of every value."""

    def __init__(self, spec: MapSpec, quota: Quota, cpus: int) -> None:
        super().__init__(spec, quota, cpus, copies=cpus)


class ProgArray(MachineMap):
    """BPF_MAP_TYPE_PROG_ARRAY: maps an index to a program, the target of a tail call."""

    def __init__(self, spec: MapSpec, quota: Quota, cpus: int) -> None:
        super().__init__(spec, quota, cpus)
        self.require(
            spec.key_size == 4 and spec.value_size == 4, "keys and values must be 4 bytes long"
        )
        self._programs: dict[int, Bytecode] = {}

    def put(self, index: int, program: Bytecode) -> None:
        """Store ``program`` at ``index``, as the target of a tail call."""
        self.require(index < self.spec.max_entries, f"the map has {self.spec.max_entries} slots")
        self._programs[index] = program

    def program(self, index: int) -> Bytecode | None:
        """Return the program at an index, or None if the element is empty."""
        return self._programs.get(index)

    def entries(self) -> Iterable[tuple[bytes, tuple[bytes, ...]]]:
        """Return the elements, whose values are the names of programs."""
        for index, program in sorted(self._programs.items()):
            yield index.to_bytes(4, "little"), (program.name.encode(),)
