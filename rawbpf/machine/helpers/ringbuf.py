"""Helpers for ring buffers (Linux 5.8)."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.errors import MachineError
from rawbpf.machine.helpers.arguments import BYTES, MAP, NUMBER
from rawbpf.machine.helpers.table import helper
from rawbpf.machine.maps.output import RingBuf
from rawbpf.machine.region import RECORDS

if TYPE_CHECKING:
    from rawbpf.machine.machine import Machine
    from rawbpf.machine.maps.base import MachineMap

__all__: list[str] = []

_NO_WAKEUP, _FORCE_WAKEUP = 1, 2


def _ring(map_: MachineMap) -> RingBuf:
    if not isinstance(map_, RingBuf):
        what = f"map {map_.spec.name!r} is given to a helper for ring buffers"
        raise MachineError(what, why=f"it is a {map_.kind}")
    return map_


@helper("ringbuf_output", MAP, BYTES, NUMBER)
def ringbuf_output(machine: Machine, map_: MachineMap, data: bytes, flags: int) -> int:
    """Copy a record into the ring; -EAGAIN when it is full."""
    if flags & ~(_NO_WAKEUP | _FORCE_WAKEUP):
        return -errno.EINVAL
    return _ring(map_).output(machine.world.cpu, data)


@helper("ringbuf_reserve", MAP, NUMBER, NUMBER)
def ringbuf_reserve(machine: Machine, map_: MachineMap, size: int, flags: int) -> int:
    """The address of a new record; NULL when the ring is full."""
    position = None if flags else _ring(map_).reserve(size)
    if position is None:
        return 0
    region = machine.memory.add(RECORDS, bytearray(size), f"record of {map_.spec.name}")
    machine.reserved[region.base] = (_ring(map_), position, region)
    return region.base


@helper("ringbuf_submit", NUMBER, NUMBER)
def ringbuf_submit(machine: Machine, address: int, _flags: int) -> None:
    """Show the record to the reader."""
    ring, position, data = _give_back(machine, address, "bpf_ringbuf_submit")
    ring.commit(position, machine.world.cpu, data)


@helper("ringbuf_discard", NUMBER, NUMBER)
def ringbuf_discard(machine: Machine, address: int, _flags: int) -> None:
    """Let the reader skip the record."""
    _give_back(machine, address, "bpf_ringbuf_discard")


def _give_back(machine: Machine, address: int, name: str) -> tuple[RingBuf, int, bytes]:
    """The program may no longer touch the record."""
    if address not in machine.reserved:
        what = f"{name} gets {address:#x}"
        raise MachineError(what, why="that is not the start of a record that was reserved")
    ring, position, region = machine.reserved.pop(address)
    machine.memory.remove([region])
    return ring, position, bytes(region.data)


@helper("ringbuf_query", MAP, NUMBER)
def ringbuf_query(_machine: Machine, map_: MachineMap, what: int) -> int:
    """BPF_RB_AVAIL_DATA, BPF_RB_RING_SIZE, BPF_RB_CONS_POS, BPF_RB_PROD_POS."""
    return _ring(map_).query(what)
