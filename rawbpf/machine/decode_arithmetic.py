"""Decode instructions of the classes ALU and ALU64.

The operations themselves are defined in `arithmetic.py`. This module fetches the operands,
truncates the operands and the result to the operation's width, and stores the result. The result of
a 32-bit operation clears the upper half of dst.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.machine.arithmetic import BYTE_ORDER, MASK, ONE_OPERAND, TWO_OPERANDS
from rawbpf.machine.site import unsupported
from rawbpf.uapi import bpf_insn as isa
from rawbpf.uapi.bpf_insn import instruction_class, operation, uses_register

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.machine.code import Step
    from rawbpf.machine.site import Site

__all__ = ["arithmetic"]


def arithmetic(site: Site) -> Step:
    """Return the step for an instruction of class ALU or ALU64."""
    opcode, dst, src, off, imm = site.instruction[:5]
    bits = 64 if instruction_class(opcode) == isa.BPF_ALU64 else 32
    name = operation(opcode)
    if name == isa.BPF_END:
        return _byte_order(BYTE_ORDER[opcode], dst, imm, site.next)
    if name == isa.BPF_NEG:
        return _one_operand(ONE_OPERAND[name, 0], dst, dst, MASK[bits], site.next)
    if name == isa.BPF_MOV and uses_register(opcode):
        if off == isa.BPF_ADDR_SPACE_CAST:
            return unsupported("addr_space_cast", "the interpreter does not support arenas")
        return _one_operand(ONE_OPERAND[name, off], dst, src, MASK[bits], site.next)
    if name == isa.BPF_MOV:
        return _constant(dst, imm & MASK[bits], site.next)
    compute = TWO_OPERANDS[bits][name, off]
    if uses_register(opcode):
        make = _registers64 if bits == 64 else _registers32
        return make(compute, dst, src, site.next)
    return _number(compute, dst, imm & MASK[bits], MASK[bits], site.next)


def _constant(dst: int, value: int, after: int) -> Step:
    def step(registers: list[int]) -> int:
        registers[dst] = value
        return after

    return step


def _one_operand(compute: Callable[[int], int], dst: int, src: int, mask: int, after: int) -> Step:
    def step(registers: list[int]) -> int:
        registers[dst] = compute(registers[src]) & mask
        return after

    return step


def _number(
    compute: Callable[[int, int], int], dst: int, value: int, mask: int, after: int
) -> Step:
    def step(registers: list[int]) -> int:
        registers[dst] = compute(registers[dst] & mask, value) & mask
        return after

    return step


def _registers64(compute: Callable[[int, int], int], dst: int, src: int, after: int) -> Step:
    mask = MASK[64]

    def step(registers: list[int]) -> int:
        registers[dst] = compute(registers[dst], registers[src]) & mask
        return after

    return step


def _registers32(compute: Callable[[int, int], int], dst: int, src: int, after: int) -> Step:
    mask = MASK[32]

    def step(registers: list[int]) -> int:
        registers[dst] = compute(registers[dst] & mask, registers[src] & mask) & mask
        return after

    return step


def _byte_order(compute: Callable[[int, int], int], dst: int, bits: int, after: int) -> Step:
    def step(registers: list[int]) -> int:
        registers[dst] = compute(registers[dst], bits)
        return after

    return step
