"""Helpers that call back. Each is a generator: it yields a function and its arguments."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.machine.frames import BPF_MAX_LOOPS
from rawbpf.machine.helpers.arguments import FUNCTION, INDEX, MAP, NUMBER
from rawbpf.machine.helpers.table import helper
from rawbpf.machine.region import ELEMENTS

if TYPE_CHECKING:
    from rawbpf.machine.frames import Calls
    from rawbpf.machine.machine import Machine
    from rawbpf.machine.maps.base import MachineMap

__all__: list[str] = []


@helper("loop", INDEX, FUNCTION, NUMBER, NUMBER)
def loop(_machine: Machine, times: int, function: int, context: int, flags: int) -> Calls:
    """function(0, context), function(1, context) ... until it returns 1; how many (Linux 5.17)."""
    if flags:
        return -errno.EINVAL
    if times > BPF_MAX_LOOPS:
        return -errno.E2BIG
    for number in range(times):
        if (yield function, (number, context)):
            return number + 1
    return times


@helper("for_each_map_elem", MAP, FUNCTION, NUMBER, NUMBER)
def for_each_map_elem(
    machine: Machine, map_: MachineMap, function: int, context: int, flags: int
) -> Calls:
    """function(map, key, value, context) until it returns 1; how many (Linux 5.13)."""
    if flags:
        return -errno.EINVAL
    called, name = 0, map_.spec.name
    size = map_.spec.key_size
    shown = machine.memory.add(ELEMENTS, bytearray(size), f"key of {name}", writable=False)
    try:
        for key in map_.all_keys():
            value = map_.lookup(key, machine.world.cpu)
            if value is None:  # an earlier callback deleted it
                continue
            shown.data[:] = key
            address = machine.maps.value_address(map_, key, value)
            called += 1
            if (yield function, (machine.maps.address(name), shown.base, address, context)):
                break
    finally:
        machine.memory.remove([shown])
    return called
