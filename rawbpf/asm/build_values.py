"""The builder's value instructions: arithmetic operations and the 64-bit constant load.

Arithmetic instructions compute ``dst = dst op src``, on 64 bits for r registers and on 32 bits for
w registers. src is either a register of the same width or a 32-bit number, which 64-bit operations
sign-extend. Writing to a w register clears the register's upper half. No arithmetic instruction
traps: division by zero yields 0, the remainder of a division by zero leaves dst unchanged, and
shifts use only the low 6 bits of the count (5 for w registers).

The load of a 64-bit constant is the only sixteen-byte instruction. The src field determines what is
loaded: a number, or the address of an object, which the kernel fills in when it loads the program.
"""

from __future__ import annotations

from rawbpf.asm.emitter import Emitter, Label, Operand
from rawbpf.asm.instruction import LD_IMM64, Instruction, Reference
from rawbpf.asm.register import Register, destination, immediate, register, same_width
from rawbpf.errors import BytecodeError
from rawbpf.uapi import bpf_insn as isa

__all__ = ["Arithmetic", "Constants"]

_LOW_HALF = 0xFFFF_FFFF


class Arithmetic(Emitter):
    """A mixin with one method for each value operation."""

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
        """``dst >>= src``, shifting in zeroes."""
        self._alu(isa.BPF_RSH, dst, src)

    def arsh(self, dst: Register, src: Operand) -> None:
        """``dst s>>= src``, shifting in copies of the sign bit."""
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
        """``dst = (s32)src``, for r registers only (Linux 6.6)."""
        register(dst, 64)
        self._movsx(dst, src, 32)

    def _movsx(self, dst: Register, src: Register, bits: int) -> None:
        register(src)
        self._alu(isa.BPF_MOV, dst, src, off=bits)

    def be(self, dst: Register, bits: int) -> None:
        """Convert the low ``bits`` bits (16, 32, 64) of dst to or from big-endian.

        All other bits are cleared.
        """
        self._end(isa.BPF_ALU | isa.BPF_TO_BE, dst, bits)

    def le(self, dst: Register, bits: int) -> None:
        """Convert to or from little-endian, which only clears the bits above ``bits``."""
        self._end(isa.BPF_ALU | isa.BPF_TO_LE, dst, bits)

    def bswap(self, dst: Register, bits: int) -> None:
        """Swap the bytes of the low ``bits`` bits (16, 32, 64); clear the others (Linux 6.6)."""
        self._end(isa.BPF_ALU64 | isa.BPF_TO_LE, dst, bits)

    def _end(self, kind: int, dst: Register, bits: int) -> None:
        if bits not in (16, 32, 64):
            raise BytecodeError(f"cannot byte-swap {bits} bits", fix="use 16, 32 or 64")
        self.emit(Instruction(kind | isa.BPF_END, destination(dst, 64), imm=bits))


class Constants(Emitter):
    """Load a 64-bit constant: ``lddw`` with a number, and its variants that load addresses."""

    def _wide(
        self, dst: Register, source: int, low: int, high: int = 0, ref: Reference | None = None
    ) -> None:
        imm = (high & _LOW_HALF) << 32 | low & _LOW_HALF
        self.emit(Instruction(LD_IMM64, destination(dst, 64), source, 0, imm, ref))

    def lddw(self, dst: Register, value: int) -> None:
        """Set all 64 bits of dst to ``value``; negative numbers are stored in two's complement."""
        if not isinstance(value, int) or not -(1 << 63) <= value < 1 << 64:
            raise BytecodeError(f"{value!r} is not a 64-bit number")
        self._wide(dst, 0, value & _LOW_HALF, value >> 32)

    def ld_map_fd(self, dst: Register, map_: str | int) -> None:
        """Load the address of a map, given by a name for ``encode`` or by file descriptor."""
        reference = Reference("map", map_) if isinstance(map_, str) else None
        number = 0 if isinstance(map_, str) else immediate(map_)
        self._wide(dst, isa.BPF_PSEUDO_MAP_FD, number, 0, reference)

    def ld_map_value(self, dst: Register, map_: str | int, offset: int = 0) -> None:
        """``dst = &value + offset`` for the value of a one-element map (Linux 5.2)."""
        reference = Reference("map_value", map_, offset) if isinstance(map_, str) else None
        number = 0 if isinstance(map_, str) else immediate(map_)
        self._wide(dst, isa.BPF_PSEUDO_MAP_VALUE, number, immediate(offset, 32), reference)

    def ld_map_idx(self, dst: Register, index: int) -> None:
        """Load a map's address by the map's index in fd_array (Linux 5.14)."""
        self._wide(dst, isa.BPF_PSEUDO_MAP_IDX, immediate(index))

    def ld_map_idx_value(self, dst: Register, index: int, offset: int = 0) -> None:
        """``dst = &value + offset`` for a map given by its index in fd_array (Linux 5.14)."""
        self._wide(dst, isa.BPF_PSEUDO_MAP_IDX_VALUE, immediate(index), immediate(offset, 32))

    def ld_btf_id(self, dst: Register, variable: str | int, btf_fd: int = 0) -> None:
        """``dst = &variable`` for a kernel variable, by name or BTF ID (Linux 5.10).

        ``btf_fd`` is a file descriptor for the BTF of the variable's module (5.12), or 0 for
        variables of the kernel image.
        """
        reference = Reference("ksym", variable) if isinstance(variable, str) else None
        number = 0 if isinstance(variable, str) else immediate(variable)
        self._wide(dst, isa.BPF_PSEUDO_BTF_ID, number, immediate(btf_fd), reference)

    def ld_func(self, dst: Register, function: Label) -> None:
        """Load the address of a function of this program, to pass as a callback (Linux 5.13)."""
        code = Instruction(LD_IMM64, destination(dst, 64), isa.BPF_PSEUDO_FUNC)
        self.emit_jump(code, function, field="imm")
