"""Decode instructions of the classes JMP and JMP32: jumps, calls and exit.

The conditions are defined in `arithmetic.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.machine.arithmetic import CONDITIONS, MASK
from rawbpf.machine.helpers.call import call_helper
from rawbpf.machine.site import unsupported
from rawbpf.uapi import bpf_insn as isa
from rawbpf.uapi.bpf_insn import instruction_class, operation, uses_register

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.machine.code import Step
    from rawbpf.machine.site import Site

    Condition = Callable[[int, int], bool]

__all__ = ["flow"]


def flow(site: Site) -> Step:
    """Return the step for an instruction of class JMP or JMP32."""
    opcode, dst, src, off, imm = site.instruction[:5]
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
    """Fall through as long as the frame has iterations left, then jump."""
    target, after, frames = site.target(site.instruction.off), site.next, site.state.frames

    def step(_registers: list[int]) -> int:
        frame = frames[-1]
        if not frame.loops:
            return target
        frame.loops -= 1
        return after

    return step


def _exit(site: Site) -> Step:
    leave = site.state.frames.leave

    def step(_registers: list[int]) -> int:
        return leave()

    return step


def _call(site: Site) -> Step:
    """Call a helper, a BPF function of the program, or a kernel function."""
    src, imm = site.instruction.src, site.instruction.imm
    if src == isa.BPF_PSEUDO_CALL:
        return _call_local(site)
    if src == isa.BPF_PSEUDO_KFUNC_CALL:
        name = repr(site.reference.name) if site.reference else f"with BTF id {imm}"
        return unsupported(
            f"calls kernel function {name}", "the interpreter does not provide kernel functions"
        )
    return call_helper(site)


def _call_local(site: Site) -> Step:
    target, after = site.function(site.instruction.imm), site.next
    enter = site.state.frames.enter

    def step(_registers: list[int]) -> int:
        return enter(target, after)

    return step


_OTHERS: dict[int, Callable[[Site], Step]] = {
    isa.BPF_JCOND: _may_goto,
    isa.BPF_CALL: _call,
    isa.BPF_EXIT: _exit,
}
"""The operations of the jump classes that are not comparisons."""
