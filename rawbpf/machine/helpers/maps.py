"""Helpers for maps."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.machine.helpers.arguments import INDEX, KEY, MAP, NUMBER, VALUE, VALUE_ROOM
from rawbpf.machine.helpers.table import helper

if TYPE_CHECKING:
    from rawbpf.machine.machine import Machine
    from rawbpf.machine.maps.base import MachineMap

__all__: list[str] = []


@helper("map_lookup_elem", MAP, KEY)
def map_lookup_elem(machine: Machine, map_: MachineMap, key: bytes) -> int:
    """The address of the value of this CPU, or NULL."""
    return machine.maps.value_address(map_, key, map_.lookup(key, machine.world.cpu))


@helper("map_lookup_percpu_elem", MAP, KEY, INDEX)
def map_lookup_percpu_elem(machine: Machine, map_: MachineMap, key: bytes, cpu: int) -> int:
    """The address of the value of a CPU, or NULL (Linux 5.19)."""
    if cpu >= machine.world.cpus:
        return 0
    return machine.maps.value_address(map_, key, map_.lookup(key, cpu))


@helper("map_update_elem", MAP, KEY, VALUE, NUMBER)
def map_update_elem(
    machine: Machine, map_: MachineMap, key: bytes, value: bytes, flags: int
) -> int:
    """Set a value."""
    return map_.update(key, value, flags, machine.world.cpu)


@helper("map_delete_elem", MAP, KEY)
def map_delete_elem(_machine: Machine, map_: MachineMap, key: bytes) -> int:
    """Remove a key."""
    return map_.delete(key)


@helper("map_push_elem", MAP, VALUE, NUMBER)
def map_push_elem(_machine: Machine, map_: MachineMap, value: bytes, flags: int) -> int:
    """Add to a queue or stack."""
    return map_.push(value, flags)


@helper("map_pop_elem", MAP, VALUE_ROOM)
def map_pop_elem(_machine: Machine, map_: MachineMap, room: memoryview) -> int:
    """Take from a queue or stack; -ENOENT and zeroes when it is empty."""
    return _hand_out(map_.pop(), room)


@helper("map_peek_elem", MAP, VALUE_ROOM)
def map_peek_elem(_machine: Machine, map_: MachineMap, room: memoryview) -> int:
    """Look at what a pop would take."""
    return _hand_out(map_.peek(), room)


def _hand_out(value: bytes | None, room: memoryview) -> int:
    room[:] = bytes(len(room)) if value is None else value
    return -errno.ENOENT if value is None else 0
