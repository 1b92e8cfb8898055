"""Helpers for maps."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.machine.helpers.table import INDEX, KEY, MAP, NUMBER, VALUE, VALUE_BUFFER, helper

if TYPE_CHECKING:
    from rawbpf.machine.maps.base import MachineMap
    from rawbpf.machine.state import State

__all__: list[str] = []


@helper("map_lookup_elem", MAP, KEY)
def map_lookup_elem(state: State, map_: MachineMap, key: bytes) -> int:
    """Return the address of the current CPU's value, or NULL if the key does not exist."""
    return state.maps.value_address(map_, key, map_.lookup(key, state.world.cpu))


@helper("map_lookup_percpu_elem", MAP, KEY, INDEX)
def map_lookup_percpu_elem(state: State, map_: MachineMap, key: bytes, cpu: int) -> int:
    """Return the address of the given CPU's value, or NULL if there is no such key (Linux 5.19)."""
    if cpu >= state.world.cpus:
        return 0
    return state.maps.value_address(map_, key, map_.lookup(key, cpu))


@helper("map_update_elem", MAP, KEY, VALUE, NUMBER)
def map_update_elem(state: State, map_: MachineMap, key: bytes, value: bytes, flags: int) -> int:
    """Set the value of a key."""
    return map_.update(key, value, flags, state.world.cpu)


@helper("map_delete_elem", MAP, KEY)
def map_delete_elem(_state: State, map_: MachineMap, key: bytes) -> int:
    """Remove a key."""
    return map_.delete(key)


@helper("map_push_elem", MAP, VALUE, NUMBER)
def map_push_elem(_state: State, map_: MachineMap, value: bytes, flags: int) -> int:
    """Push a value onto a queue or stack."""
    return map_.push(value, flags)


@helper("map_pop_elem", MAP, VALUE_BUFFER)
def map_pop_elem(_state: State, map_: MachineMap, buffer: memoryview) -> int:
    """Pop the next value from a queue or stack.

    If the map is empty, zeros are written and -ENOENT is returned.
    """
    return _copy_out(map_.pop(), buffer)


@helper("map_peek_elem", MAP, VALUE_BUFFER)
def map_peek_elem(_state: State, map_: MachineMap, buffer: memoryview) -> int:
    """Copy the next value from a queue or stack without removing it."""
    return _copy_out(map_.peek(), buffer)


def _copy_out(value: bytes | None, buffer: memoryview) -> int:
    buffer[:] = bytes(len(buffer)) if value is None else value
    return -errno.ENOENT if value is None else 0
