"""Queue and stack maps, which store values without keys (Linux 4.20)."""

from __future__ import annotations

import errno
from collections import deque
from typing import TYPE_CHECKING

from rawbpf.machine.maps.base import MachineMap
from rawbpf.uapi.bpf import BPF_EXIST, BPF_NOEXIST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.machine.maps.base import Quota
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["Queue", "Stack"]


class Queue(MachineMap):
    """BPF_MAP_TYPE_QUEUE: first in, first out."""

    next = 0
    """The index of the value to remove next; values are ordered from oldest to newest."""

    def __init__(self, spec: MapSpec, quota: Quota, cpus: int) -> None:
        super().__init__(spec, quota, cpus)
        self.require(spec.key_size == 0, "key_size must be 0")
        self.require(
            spec.value_size > 0 and spec.max_entries > 0, "value_size and max_entries must not be 0"
        )
        self._values: deque[bytes] = deque()

    def push(self, value: bytes, flags: int = 0) -> int:
        """Push a value.

        Return -E2BIG if the map is full, unless BPF_EXIST allows dropping the oldest value.
        """
        if flags > BPF_EXIST or flags & BPF_NOEXIST:
            return -errno.EINVAL
        if len(self._values) == self.spec.max_entries:
            if not flags & BPF_EXIST:
                return -errno.E2BIG
            self._values.popleft()
            self.quota.give(self.spec.value_size)
        self.quota.take(self.spec.value_size)
        self._values.append(value)
        return 0

    def pop(self) -> bytes | None:
        """Remove and return the next value, or return None if the map is empty."""
        value = self.peek()
        if value is not None:
            del self._values[self.next]
            self.quota.give(self.spec.value_size)
        return value

    def peek(self) -> bytes | None:
        """Return the next value without removing it, or None if the map is empty."""
        return self._values[self.next] if self._values else None

    def entries(self) -> Iterable[tuple[bytes, tuple[bytes, ...]]]:
        """Return the values from oldest to newest, each paired with an empty key."""
        return ((b"", (value,)) for value in self._values)


class Stack(Queue):
    """BPF_MAP_TYPE_STACK: last in, first out."""

    next = -1
