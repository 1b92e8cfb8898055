"""The tail call: another program goes on, and this one is over.

It takes over the stack frame and keeps r1. If there is no such program, or 33 have followed one
another already, the program goes on behind the call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.errors import MachineError
from rawbpf.machine.arithmetic import MASK
from rawbpf.machine.maps.programs import ProgArray
from rawbpf.machine.unset import CLOBBERED, NEVER_WRITTEN
from rawbpf.uapi.bpf_helpers import HELPERS

if TYPE_CHECKING:
    from rawbpf.machine.site import Site, Step

__all__ = ["MAX_TAIL_CALL_CNT", "TAIL_CALL", "tail_call"]

TAIL_CALL = HELPERS["tail_call"].number
MAX_TAIL_CALL_CNT = 33


def tail_call(site: Site) -> Step:
    """The step for ``tail_call(context, programs, index)``."""
    machine, after = site.machine, site.next

    def step(registers: list[int]) -> int:
        machine.require_context(registers[1], "r1")
        programs = machine.maps.at(registers[2])
        if not isinstance(programs, ProgArray):
            what = f"bpf_tail_call on map {programs.spec.name!r}"
            raise MachineError(what, why=f"it is a {programs.kind}, not a prog_array")
        program = programs.program(registers[3] & MASK[32])
        if program is None or machine.tail_calls == MAX_TAIL_CALL_CNT:
            registers[0] = NEVER_WRITTEN[0]
            registers[1:6] = CLOBBERED[1:6]
            return after
        machine.tail_calls += 1
        return machine.frames.replace(machine.code.link(program))

    return step
