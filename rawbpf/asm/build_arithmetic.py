"""The builder's arithmetic: ``dst = dst op src``, on 64 bits for r, on 32 for w.

The second operand is a register of the same width or a number of 32 bits, which 64-bit operations
sign-extend. Writing a w register clears the high half. Division by zero gives 0, the remainder of
it leaves dst; shifts use the low 6 bits of the count, or 5. None of these traps.
"""

from __future__ import annotations

from rawbpf.asm.emitter import Emitter
from rawbpf.asm.instruction import Instruction
from rawbpf.asm.operands import destination, immediate, register, same_width
from rawbpf.asm.register import Register
from rawbpf.errors import BytecodeError
from rawbpf.uapi import bpf_insn as isa

__all__ = ["Arithmetic"]

Operand = Register | int


class Arithmetic(Emitter):
    """One method an operation; the doc lines say what happens to dst."""

    def _alu(self, operation: int, dst: Register, src: Operand, off: int = 0) -> None:
        kind = isa.BPF_ALU64 if register(dst) >= 0 and dst.bits == 64 else isa.BPF_ALU
        number = destination(dst)
        if isinstance(src, Register):
            same_width(dst, src)
            self.emit(Instruction(kind | operation | isa.BPF_X, number, src.number, off))
        else:
            imm = immediate(src, dst.bits)
            self.emit(Instruction(kind | operation | isa.BPF_K, number, 0, off, imm))

    def mov(self, dst: Register, src: Operand) -> None:
        """``dst = src``."""
        self._alu(isa.BPF_MOV, dst, src)

    def add(self, dst: Register, src: Operand) -> None:
        """``dst += src``."""
        self._alu(isa.BPF_ADD, dst, src)

    def sub(self, dst: Register, src: Operand) -> None:
        """``dst -= src``."""
        self._alu(isa.BPF_SUB, dst, src)

    def mul(self, dst: Register, src: Operand) -> None:
        """``dst *= src``."""
        self._alu(isa.BPF_MUL, dst, src)

    def div(self, dst: Register, src: Operand) -> None:
        """``dst /= src``, unsigned."""
        self._alu(isa.BPF_DIV, dst, src)

    def sdiv(self, dst: Register, src: Operand) -> None:
        """``dst s/= src``, signed, rounding toward zero (Linux 6.6)."""
        self._alu(isa.BPF_DIV, dst, src, off=1)

    def mod(self, dst: Register, src: Operand) -> None:
        """``dst %= src``, unsigned."""
        self._alu(isa.BPF_MOD, dst, src)

    def smod(self, dst: Register, src: Operand) -> None:
        """``dst s%= src``, with the sign of dst (Linux 6.6)."""
        self._alu(isa.BPF_MOD, dst, src, off=1)

    def and_(self, dst: Register, src: Operand) -> None:
        """``dst &= src``."""
        self._alu(isa.BPF_AND, dst, src)

    def or_(self, dst: Register, src: Operand) -> None:
        """``dst |= src``."""
        self._alu(isa.BPF_OR, dst, src)

    def xor(self, dst: Register, src: Operand) -> None:
        """``dst ^= src``."""
        self._alu(isa.BPF_XOR, dst, src)

    def lsh(self, dst: Register, src: Operand) -> None:
        """``dst <<= src``."""
        self._alu(isa.BPF_LSH, dst, src)

    def rsh(self, dst: Register, src: Operand) -> None:
        """``dst >>= src``, zeroes come in."""
        self._alu(isa.BPF_RSH, dst, src)

    def arsh(self, dst: Register, src: Operand) -> None:
        """``dst s>>= src``, copies of the sign come in."""
        self._alu(isa.BPF_ARSH, dst, src)

    def neg(self, dst: Register) -> None:
        """``dst = -dst``."""
        self._alu(isa.BPF_NEG, dst, 0)

    def movsx8(self, dst: Register, src: Register) -> None:
        """``dst = (s8)src`` (Linux 6.6)."""
        self._movsx(dst, src, 8)

    def movsx16(self, dst: Register, src: Register) -> None:
        """``dst = (s16)src`` (Linux 6.6)."""
        self._movsx(dst, src, 16)

    def movsx32(self, dst: Register, src: Register) -> None:
        """``dst = (s32)src``, for r only (Linux 6.6)."""
        register(dst, 64)
        self._movsx(dst, src, 32)

    def _movsx(self, dst: Register, src: Register, bits: int) -> None:
        register(src)
        self._alu(isa.BPF_MOV, dst, src, off=bits)

    def be(self, dst: Register, bits: int) -> None:
        """The low ``bits`` (16, 32, 64) to or from big-endian; zero above."""
        self._end(isa.BPF_ALU | isa.BPF_TO_BE, dst, bits)

    def le(self, dst: Register, bits: int) -> None:
        """The low ``bits`` (16, 32, 64) to or from little-endian: only truncates here."""
        self._end(isa.BPF_ALU | isa.BPF_TO_LE, dst, bits)

    def bswap(self, dst: Register, bits: int) -> None:
        """The low ``bits`` (16, 32, 64) reversed byte by byte; zero above (Linux 6.6)."""
        self._end(isa.BPF_ALU64 | isa.BPF_TO_LE, dst, bits)

    def _end(self, kind: int, dst: Register, bits: int) -> None:
        if bits not in (16, 32, 64):
            raise BytecodeError(f"{bits} is no width for a byte swap", fix="use 16, 32 or 64")
        self.emit(Instruction(kind | isa.BPF_END, destination(dst, 64), imm=bits))
