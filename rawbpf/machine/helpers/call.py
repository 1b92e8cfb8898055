"""The step that calls a helper."""

from __future__ import annotations

from types import GeneratorType
from typing import TYPE_CHECKING

from rawbpf.errors import MachineError
from rawbpf.machine.arithmetic import MASK
from rawbpf.machine.helpers import (  # noqa: F401 -- they fill the table
    loops,
    maps,
    memory,
    output,
    ringbuf,
    task,
)
from rawbpf.machine.helpers.table import TABLE
from rawbpf.machine.helpers.tail_call import TAIL_CALL, tail_call
from rawbpf.machine.site import unsupported
from rawbpf.machine.unset import CLOBBERED, NEVER_WRITTEN
from rawbpf.uapi.bpf_helpers import HELPER_NAMES

if TYPE_CHECKING:
    from rawbpf.machine.helpers.table import Implementation
    from rawbpf.machine.site import Site, Step

__all__ = ["call_helper"]


def call_helper(site: Site) -> Step:
    """The step for ``call imm``. A helper that the machine lacks stops when it is reached."""
    number = site.instruction.imm
    if number == TAIL_CALL:
        return tail_call(site)
    if number not in TABLE:
        name = HELPER_NAMES.get(number)
        if name is None:
            return unsupported(f"calls helper {number}", "the kernel has no such helper")
        return unsupported(f"calls bpf_{name}", "the machine does not have that helper")
    return _call(site, TABLE[number])


def _call(site: Site, implementation: Implementation) -> Step:
    name, kinds, function = implementation
    machine, after = site.machine, site.next
    frames = machine.frames

    def step(registers: list[int]) -> int:
        passed: list[object] = []
        arguments = iter(registers[1:6])
        try:
            for kind in kinds:
                kind(machine, arguments, passed)
        except MachineError as error:
            error.what = f"bpf_{name} {error.what}"
            raise
        result = function(machine, *passed)
        if isinstance(result, GeneratorType):
            return frames.call_back(result, after)
        registers[0] = NEVER_WRITTEN[0] if result is None else result & MASK[64]
        registers[1:6] = CLOBBERED[1:6]
        return after

    return step
