"""Stacks that programs saw, each kept once under a number."""

from __future__ import annotations

import errno
import zlib
from struct import pack
from typing import TYPE_CHECKING

from rawbpf.machine.maps.base import MachineMap
from rawbpf.uapi.bpf import BPF_F_REUSE_STACKID

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.machine.maps.base import Room
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["StackTrace"]

_ADDRESS = 8


class StackTrace(MachineMap):
    """BPF_MAP_TYPE_STACK_TRACE: id -> addresses, as many as ``value_size`` has room for."""

    def __init__(self, spec: MapSpec, room: Room, cpus: int) -> None:
        super().__init__(spec, room, cpus)
        self.require(spec.key_size == 4, "its key is an id of 4 bytes")
        self.require(
            spec.value_size > 0 and spec.value_size % _ADDRESS == 0, "its values are addresses"
        )
        self.require(spec.max_entries > 0, "it holds nothing")
        self._buckets = 1 << (spec.max_entries - 1).bit_length()
        self._stacks: dict[int, bytes] = {}

    def remember(self, addresses: tuple[int, ...], flags: int) -> int:
        """The id of a stack, a hash of it; -errno when it is empty, or the id is another's."""
        if not addresses:
            return -errno.EFAULT
        stack = pack(f"<{len(addresses)}Q", *addresses)[: self.spec.value_size]
        number = zlib.crc32(stack) & (self._buckets - 1)
        if self._stacks.get(number, stack) != stack and not flags & BPF_F_REUSE_STACKID:
            return -errno.EEXIST
        if number not in self._stacks:
            self.room.take(self.spec.value_size)
        self._stacks[number] = stack
        return number

    def entries(self) -> Iterable[tuple[bytes, tuple[bytes, ...]]]:
        """By id."""
        for number, stack in sorted(self._stacks.items()):
            yield number.to_bytes(4, "little"), (stack,)
