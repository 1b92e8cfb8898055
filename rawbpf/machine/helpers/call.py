"""Decode the instruction that calls a helper."""

from __future__ import annotations

from types import GeneratorType
from typing import TYPE_CHECKING

from rawbpf.errors import MachineError
from rawbpf.machine.arithmetic import MASK
from rawbpf.machine.helpers import (  # noqa: F401 -- they fill the table
    maps,
    printing,
    records,
    tracing,
)
from rawbpf.machine.helpers.flow import TAIL_CALL, tail_call
from rawbpf.machine.helpers.table import TABLE
from rawbpf.machine.site import unsupported
from rawbpf.machine.unset import CLOBBERED, NEVER_WRITTEN
from rawbpf.uapi.bpf_insn import HELPER_NAMES

if TYPE_CHECKING:
    from rawbpf.machine.code import Step
    from rawbpf.machine.helpers.table import Implementation
    from rawbpf.machine.site import Site

__all__ = ["call_helper"]


def call_helper(site: Site) -> Step:
    """Return the step for ``call imm``; executing it fails if the helper is not implemented."""
    number = site.instruction.imm
    if number == TAIL_CALL:
        return tail_call(site)
    if number not in TABLE:
        name = HELPER_NAMES.get(number)
        if name is None:
            return unsupported(f"calls helper {number}", "the kernel has no such helper")
        return unsupported(f"calls bpf_{name}", "the interpreter does not implement this helper")
    return _call(site, TABLE[number])


def _call(site: Site, implementation: Implementation) -> Step:
    name, readers, function = implementation
    state, after = site.state, site.next
    frames = state.frames

    def step(registers: list[int]) -> int:
        arguments: list[object] = []
        unread = iter(registers[1:6])
        try:
            for read in readers:
                read(state, unread, arguments)
        except MachineError as error:
            error.what = f"bpf_{name} {error.what}"
            raise
        result = function(state, *arguments)
        if isinstance(result, GeneratorType):
            return frames.call_back(result, after)
        registers[0] = NEVER_WRITTEN[0] if result is None else result & MASK[64]
        registers[1:6] = CLOBBERED[1:6]
        return after

    return step
