"""Helpers that say something: to a perf ring, to the trace pipe, into a buffer."""

from __future__ import annotations

import errno
from struct import unpack
from typing import TYPE_CHECKING

from rawbpf.errors import MachineError
from rawbpf.machine.helpers.arguments import BYTES, CONTEXT, MAP, NUMBER, ROOM, VARIADIC
from rawbpf.machine.helpers.format import format_text, string_at
from rawbpf.machine.helpers.table import helper
from rawbpf.machine.maps.output import PerfEventArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rawbpf.machine.machine import Machine
    from rawbpf.machine.maps.base import MachineMap

__all__: list[str] = []

_MOST_VALUES = 12


@helper("perf_event_output", CONTEXT, MAP, NUMBER, BYTES)
def perf_event_output(machine: Machine, events: MachineMap, flags: int, data: bytes) -> int:
    """Write a record to a ring."""
    if not isinstance(events, PerfEventArray):
        what = f"bpf_perf_event_output to map {events.spec.name!r}"
        raise MachineError(what, why=f"it is a {events.kind}, not a perf_event_array")
    return events.output(flags, machine.world.cpu, data)


@helper("trace_printk", BYTES, VARIADIC, VARIADIC, VARIADIC)
def trace_printk(machine: Machine, form: bytes, *values: int) -> int:
    """Say a line with up to three numbers; its length."""
    return _say(machine, form, values)


@helper("trace_vprintk", BYTES, BYTES)
def trace_vprintk(machine: Machine, form: bytes, data: bytes) -> int:
    """The same, with the numbers in memory (Linux 5.16)."""
    if len(data) % 8 or len(data) > 8 * _MOST_VALUES:
        return -errno.EINVAL
    return _say(machine, form, unpack(f"<{len(data) // 8}Q", data))


def _say(machine: Machine, form: bytes, values: Sequence[int]) -> int:
    text = format_text(machine.memory, form, values)
    if isinstance(text, int):
        return text
    machine.room.take(len(text))
    machine.printed.append(text.removesuffix("\n"))
    return len(text)


@helper("snprintf", ROOM, NUMBER, BYTES)
def snprintf(machine: Machine, room: memoryview, form: int, data: bytes) -> int:
    """Write text, cut to fit, with a NUL; the length of all of it, the NUL counted (Linux 5.13)."""
    if len(data) % 8 or len(data) > 8 * _MOST_VALUES:
        return -errno.EINVAL
    values = unpack(f"<{len(data) // 8}Q", data)
    text = format_text(machine.memory, string_at(machine.memory, form).encode() + b"\0", values)
    if isinstance(text, int):
        return text
    cut = text.encode()[: max(len(room) - 1, 0)] + b"\0"
    room[: len(cut)] = cut[: len(room)]
    return len(text) + 1
