"""Registers, memory operands, and range checks for an instruction's fields.

    r0       │ the result of a call and of the program
    r1 - r5  │ arguments; calls overwrite them
    r6 - r9  │ preserved across calls
    r10      │ the frame pointer, read-only: the stack grows from it down to r10 - 512

``r3`` denotes all 64 bits of a register, and ``w3`` its low 32 bits. Writing ``w3`` clears the
upper half. ``r10[-8]`` is the memory at r10 - 8.

>>> r1, w1, r10[-8], r6 + 4, r10[-16] + 4
(r1, w1, r10[-8], r6[4], r10[-12])
"""

from __future__ import annotations

from rawbpf.errors import BytecodeError
from rawbpf.light_typing import NamedTuple
from rawbpf.uapi.bpf_insn import BPF_REG_FP, MAX_BPF_REG

__all__ = [
    "Memory",
    "Register",
    "destination",
    "displacement",
    "immediate",
    "r0",
    "r1",
    "r2",
    "r3",
    "r4",
    "r5",
    "r6",
    "r7",
    "r8",
    "r9",
    "r10",
    "register",
    "same_width",
    "w0",
    "w1",
    "w2",
    "w3",
    "w4",
    "w5",
    "w6",
    "w7",
    "w8",
    "w9",
    "w10",
]  # fmt: skip


class Register:
    """One of r0-r10 (``bits`` is 64) or w0-w10 (``bits`` is 32)."""

    __slots__ = ("bits", "number")

    def __init__(self, number: int, bits: int = 64) -> None:
        self.number = number
        self.bits = bits

    def __getitem__(self, offset: int) -> Memory:
        return Memory(self, offset)

    def __add__(self, offset: int) -> Memory:
        return Memory(self, offset)

    def __sub__(self, offset: int) -> Memory:
        return Memory(self, -offset)

    def __repr__(self) -> str:
        return f"{'r' if self.bits == 64 else 'w'}{self.number}"


class Memory(NamedTuple):
    """The memory at address ``base`` + ``offset``, of a size that the instruction determines.

    Adding a number to the operand changes the offset.
    """

    base: Register
    offset: int

    def __add__(self, offset: int) -> Memory:  # type: ignore[override]
        return Memory(self.base, self.offset + offset)

    def __repr__(self) -> str:
        return f"{self.base}[{self.offset}]"


r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10 = map(Register, range(MAX_BPF_REG))
w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10 = (Register(n, bits=32) for n in range(MAX_BPF_REG))


def register(operand: object, bits: int | None = None) -> int:
    """Return a register's number. Raises BytecodeError if the register has a different width."""
    if not isinstance(operand, Register):
        raise BytecodeError(f"{operand!r} is not a register", fix="use r0-r10 or w0-w10")
    if bits is not None and operand.bits != bits:
        wanted = f"{'r' if bits == 64 else 'w'}{operand.number}"
        raise BytecodeError(f"{operand} is a {operand.bits}-bit register", fix=f"use {wanted} here")
    return operand.number


def destination(operand: Register, bits: int | None = None) -> int:
    """Return the number of a destination register.

    Raises BytecodeError if the register is r10, which is read-only.
    """
    number = register(operand, bits)
    if number == BPF_REG_FP:
        raise BytecodeError(f"cannot write to {operand}", why="the frame pointer is read-only")
    return number


def same_width(dst: Register, src: Register) -> None:
    """Raise BytecodeError unless both operands are r registers or both are w registers."""
    if dst.bits != src.bits:
        raise BytecodeError(
            f"{dst} and {src} have different widths", fix="use two r registers or two w registers"
        )


def immediate(value: object, bits: int = 64) -> int:
    """Check a number for the 32-bit imm field, which 64-bit operations sign-extend.

    >>> immediate(0xFFFFFFFF, bits=32)
    -1
    """
    if not isinstance(value, int):
        raise BytecodeError(f"{value!r} is neither a register nor a number")
    if -(1 << 31) <= value < 1 << 31:
        return int(value)
    if bits <= 32 and 0 <= value < 1 << 32:
        return value - (1 << 32)
    fix = "load the number into a register with lddw" if bits == 64 else None
    raise BytecodeError(f"{value:#x} does not fit", why="imm is a signed 32-bit field", fix=fix)


def displacement(memory: object) -> tuple[int, int]:
    """Return the base register and offset of a memory operand such as ``r10[-8]``."""
    if not isinstance(memory, Memory):
        raise BytecodeError(
            f"{memory!r} is not a memory operand", fix="write the operand as r10[-8]"
        )
    base = register(memory.base, 64)
    if not -(1 << 15) <= memory.offset < 1 << 15:
        raise BytecodeError(f"{memory} is out of range", why="off is a signed 16-bit field")
    return base, memory.offset
