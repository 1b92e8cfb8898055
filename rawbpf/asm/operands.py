"""Checks of operands: what an instruction's fields can hold, and the sentence when they cannot."""

from __future__ import annotations

from rawbpf.asm.register import Memory, Register
from rawbpf.errors import BytecodeError
from rawbpf.uapi.bpf_insn import BPF_REG_FP

__all__ = ["destination", "displacement", "immediate", "register", "same_width"]


def register(operand: object, bits: int | None = None) -> int:
    """The number of a register, of this width if one is asked for."""
    if not isinstance(operand, Register):
        raise BytecodeError(f"{operand!r} is no register", fix="use r0-r10 or w0-w10")
    if bits is not None and operand.bits != bits:
        wanted = f"{'r' if bits == 64 else 'w'}{operand.number}"
        raise BytecodeError(f"{operand} is {operand.bits} bits wide", fix=f"use {wanted} here")
    return operand.number


def destination(operand: Register, bits: int | None = None) -> int:
    """The number of a register that is written to: any but r10."""
    number = register(operand, bits)
    if number == BPF_REG_FP:
        raise BytecodeError(f"{operand} cannot be written", why="the frame pointer is read-only")
    return number


def same_width(dst: Register, src: Register) -> None:
    """Both r, or both w."""
    if dst.bits != src.bits:
        raise BytecodeError(f"{dst} and {src} differ in width", fix="use two r or two w")


def immediate(value: object, bits: int = 64) -> int:
    """A number for imm, which is 32 bits, sign-extended where the operation is on 64.

    >>> immediate(0xFFFFFFFF, bits=32)
    -1
    """
    if not isinstance(value, int):
        raise BytecodeError(f"{value!r} is neither a register nor a number")
    if -(1 << 31) <= value < 1 << 31:
        return int(value)
    if bits <= 32 and 0 <= value < 1 << 32:
        return value - (1 << 32)
    fix = "put it into a register by lddw" if bits == 64 else None
    raise BytecodeError(f"{value:#x} does not fit", why="imm has 32 bits, with a sign", fix=fix)


def displacement(memory: object) -> tuple[int, int]:
    """The base register's number and the offset of ``r10[-8]``."""
    if not isinstance(memory, Memory):
        raise BytecodeError(f"{memory!r} is no memory operand", fix="write it as r10[-8]")
    base = register(memory.base, 64)
    if not -(1 << 15) <= memory.offset < 1 << 15:
        raise BytecodeError(f"{memory} is out of reach", why="off has 16 bits, with a sign")
    return base, memory.offset
