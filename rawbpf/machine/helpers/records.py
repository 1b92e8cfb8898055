"""Helpers that send records to user space through perf rings and ring buffers (Linux 5.8)."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.errors import MachineError
from rawbpf.machine.helpers.table import BYTES, CONTEXT, MAP, NUMBER, helper
from rawbpf.machine.maps.output import PerfEventArray, RingBuf
from rawbpf.machine.region import RECORDS

if TYPE_CHECKING:
    from rawbpf.machine.maps.base import MachineMap
    from rawbpf.machine.state import State

__all__: list[str] = []

_NO_WAKEUP, _FORCE_WAKEUP = 1, 2


@helper("perf_event_output", CONTEXT, MAP, NUMBER, BYTES)
def perf_event_output(state: State, events: MachineMap, flags: int, data: bytes) -> int:
    """Write a record to a perf ring buffer."""
    if not isinstance(events, PerfEventArray):
        what = f"bpf_perf_event_output to map {events.spec.name!r}"
        raise MachineError(what, why=f"the map has type {events.type_name}, not perf_event_array")
    return events.output(flags, state.world.cpu, data)


def _ring(map_: MachineMap) -> RingBuf:
    if not isinstance(map_, RingBuf):
        what = f"map {map_.spec.name!r} passed to a ring buffer helper"
        raise MachineError(what, why=f"the map has type {map_.type_name}")
    return map_


@helper("ringbuf_output", MAP, BYTES, NUMBER)
def ringbuf_output(state: State, map_: MachineMap, data: bytes, flags: int) -> int:
    """Copy a record into the ring buffer, or return -EAGAIN if the ring buffer is full."""
    if flags & ~(_NO_WAKEUP | _FORCE_WAKEUP):
        return -errno.EINVAL
    return _ring(map_).output(state.world.cpu, data)


@helper("ringbuf_reserve", MAP, NUMBER, NUMBER)
def ringbuf_reserve(state: State, map_: MachineMap, size: int, flags: int) -> int:
    """Return the address of a new record, or NULL if the ring buffer is full."""
    position = None if flags else _ring(map_).reserve(size)
    if position is None:
        return 0
    region = state.memory.add(RECORDS, bytearray(size), f"record of {map_.spec.name}")
    state.reserved[region.base] = (_ring(map_), position, region)
    return region.base


@helper("ringbuf_submit", NUMBER, NUMBER)
def ringbuf_submit(state: State, address: int, _flags: int) -> None:
    """Make a reserved record visible to the reader."""
    ring, position, data = _release(state, address, "bpf_ringbuf_submit")
    ring.commit(position, state.world.cpu, data)


@helper("ringbuf_discard", NUMBER, NUMBER)
def ringbuf_discard(state: State, address: int, _flags: int) -> None:
    """Discard a reserved record, which the reader then skips."""
    _release(state, address, "bpf_ringbuf_discard")


def _release(state: State, address: int, name: str) -> tuple[RingBuf, int, bytes]:
    """Revoke access to a reserved record, and return its ring, position and bytes."""
    if address not in state.reserved:
        what = f"{name} called with {address:#x}"
        raise MachineError(what, why="the argument is not the address of a reserved record")
    ring, position, region = state.reserved.pop(address)
    state.memory.remove([region])
    return ring, position, bytes(region.data)


@helper("ringbuf_query", MAP, NUMBER)
def ringbuf_query(_state: State, map_: MachineMap, what: int) -> int:
    """Return BPF_RB_AVAIL_DATA, BPF_RB_RING_SIZE, BPF_RB_CONS_POS or BPF_RB_PROD_POS of a ring."""
    return _ring(map_).query(what)
