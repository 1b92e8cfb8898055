"""Helpers that affect control flow: callbacks and tail calls."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.errors import MachineError
from rawbpf.machine.arithmetic import MASK
from rawbpf.machine.frames import BPF_MAX_LOOPS
from rawbpf.machine.helpers.table import FUNCTION, INDEX, MAP, NUMBER, helper
from rawbpf.machine.maps.array import ProgArray
from rawbpf.machine.region import ELEMENTS
from rawbpf.machine.unset import CLOBBERED, NEVER_WRITTEN
from rawbpf.uapi.bpf_insn import HELPERS

if TYPE_CHECKING:
    from rawbpf.machine.code import Step
    from rawbpf.machine.frames import Callbacks
    from rawbpf.machine.maps.base import MachineMap
    from rawbpf.machine.site import Site
    from rawbpf.machine.state import State

__all__ = ["MAX_TAIL_CALL_CNT", "TAIL_CALL", "tail_call"]

TAIL_CALL = HELPERS["tail_call"].number
MAX_TAIL_CALL_CNT = 33


@helper("loop", INDEX, FUNCTION, NUMBER, NUMBER)
def loop(_state: State, times: int, function: int, context: int, flags: int) -> Callbacks:
    """Call function(0, context), function(1, context), ... until it returns 1 (Linux 5.17)."""
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
    state: State, map_: MachineMap, function: int, context: int, flags: int
) -> Callbacks:
    """Call function(map, key, value, context) for each element until it returns 1 (Linux 5.13)."""
    if flags:
        return -errno.EINVAL
    called, name = 0, map_.spec.name
    size = map_.spec.key_size
    shown = state.memory.add(ELEMENTS, bytearray(size), f"key of {name}", writable=False)
    try:
        for key in map_.all_keys():
            value = map_.lookup(key, state.world.cpu)
            if value is None:  # the key was deleted by an earlier callback
                continue
            shown.data[:] = key
            address = state.maps.value_address(map_, key, value)
            called += 1
            if (yield function, (state.maps.address(name), shown.base, address, context)):
                break
    finally:
        state.memory.remove([shown])
    return called


def tail_call(site: Site) -> Step:
    """Return the step for ``tail_call(context, programs, index)``.

    The target program takes over the stack frame and r1, and never returns to the caller. If the
    index has no program, or 33 tail calls have already been made, execution continues in the
    caller.
    """
    state, after = site.state, site.next

    def step(registers: list[int]) -> int:
        state.require_context(registers[1], "r1")
        programs = state.maps.at(registers[2])
        if not isinstance(programs, ProgArray):
            what = f"bpf_tail_call on map {programs.spec.name!r}"
            raise MachineError(what, why=f"the map has type {programs.type_name}, not prog_array")
        program = programs.program(registers[3] & MASK[32])
        if program is None or state.tail_calls == MAX_TAIL_CALL_CNT:
            registers[0] = NEVER_WRITTEN[0]
            registers[1:6] = CLOBBERED[1:6]
            return after
        state.tail_calls += 1
        return state.frames.replace(state.code.link(program))

    return step
