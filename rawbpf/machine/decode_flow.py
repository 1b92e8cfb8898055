"""Steps of flow: jumps, calls and exit. What the conditions mean is in `conditions.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.opcode import instruction_class, operation, uses_register
from rawbpf.machine.arithmetic import MASK
from rawbpf.machine.conditions import CONDITIONS
from rawbpf.machine.helpers.call import call_helper
from rawbpf.machine.site import unsupported
from rawbpf.uapi import bpf_insn as isa

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.machine.site import Site, Step

    Condition = Callable[[int, int], bool]

__all__ = ["flow"]


def flow(site: Site) -> Step:
    """The step of an instruction of class JMP or JMP32."""
    opcode, dst, src, off, imm = site.instruction
    bits = 64 if instruction_class(opcode) == isa.BPF_JMP else 32
    name = operation(opcode)
    if name == isa.BPF_JA:
        return _jump(site.target(off if bits == 64 else imm))
    if name in _OTHERS:
        return _OTHERS[name](site)
    condition, target = CONDITIONS[bits][name], site.target(off)
    if uses_register(opcode):
        make = _registers64 if bits == 64 else _registers32
        return make(condition, dst, src, target, site.next)
    return _number(condition, dst, imm & MASK[bits], MASK[bits], target, site.next)


def _jump(target: int) -> Step:
    def step(_registers: list[int]) -> int:
        return target

    return step


def _number(condition: Condition, dst: int, value: int, mask: int, target: int, after: int) -> Step:
    def step(registers: list[int]) -> int:
        return target if condition(registers[dst] & mask, value) else after

    return step


def _registers64(condition: Condition, dst: int, src: int, target: int, after: int) -> Step:
    def step(registers: list[int]) -> int:
        return target if condition(registers[dst], registers[src]) else after

    return step


def _registers32(condition: Condition, dst: int, src: int, target: int, after: int) -> Step:
    mask = MASK[32]

    def step(registers: list[int]) -> int:
        return target if condition(registers[dst] & mask, registers[src] & mask) else after

    return step


def _may_goto(site: Site) -> Step:
    """Go on as long as the function's frame has loops left, then jump."""
    target, after, frames = site.target(site.instruction.off), site.next, site.machine.frames

    def step(_registers: list[int]) -> int:
        frame = frames[-1]
        if not frame.loops:
            return target
        frame.loops -= 1
        return after

    return step


def _exit(site: Site) -> Step:
    leave = site.machine.frames.leave

    def step(_registers: list[int]) -> int:
        return leave()

    return step


def _call(site: Site) -> Step:
    """Of a helper, of a function of the program, or of the kernel."""
    src, imm = site.instruction.src, site.instruction.imm
    if src == isa.BPF_PSEUDO_CALL:
        return _call_local(site)
    if src == isa.BPF_PSEUDO_KFUNC_CALL:
        name = repr(site.reference.name) if site.reference else f"with BTF id {imm}"
        return unsupported(f"calls kernel function {name}", "the machine has no kernel")
    return call_helper(site)


def _call_local(site: Site) -> Step:
    target, after = site.function(site.instruction.imm), site.next
    enter = site.machine.frames.enter

    def step(_registers: list[int]) -> int:
        return enter(target, after)

    return step


_OTHERS: dict[int, Callable[[Site], Step]] = {
    isa.BPF_JCOND: _may_goto,
    isa.BPF_CALL: _call,
    isa.BPF_EXIT: _exit,
}
"""Operations that are no comparison."""
