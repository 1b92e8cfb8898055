"""The builder's 64-bit constants: the one instruction of sixteen bytes.

Its src says what the constant stands for: a plain number, or something whose number only the kernel
knows, and puts there while it loads the program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.emitter import Emitter
from rawbpf.asm.instruction import LD_IMM64, Instruction, Reference
from rawbpf.asm.operands import destination, immediate
from rawbpf.errors import BytecodeError
from rawbpf.uapi import bpf_insn as isa

if TYPE_CHECKING:
    from rawbpf.asm.register import Register

__all__ = ["Constants"]

_LOW_HALF = 0xFFFF_FFFF


class Constants(Emitter):
    """``lddw`` and its pseudo sources."""

    def _wide(
        self, dst: Register, source: int, low: int, high: int = 0, ref: Reference | None = None
    ) -> None:
        imm = (high & _LOW_HALF) << 32 | low & _LOW_HALF
        self.emit(Instruction(LD_IMM64, destination(dst, 64), source, 0, imm, ref))

    def lddw(self, dst: Register, value: int) -> None:
        """``dst = value``, all 64 bits; negative numbers as two's complement."""
        if not isinstance(value, int) or not -(1 << 63) <= value < 1 << 64:
            raise BytecodeError(f"{value!r} is no 64-bit number")
        self._wide(dst, 0, value & _LOW_HALF, value >> 32)

    def ld_map_fd(self, dst: Register, map_: str | int) -> None:
        """``dst = the map``: by name (resolved by ``encode``) or by file descriptor."""
        reference = Reference("map", map_) if isinstance(map_, str) else None
        number = 0 if isinstance(map_, str) else immediate(map_)
        self._wide(dst, isa.BPF_PSEUDO_MAP_FD, number, 0, reference)

    def ld_map_value(self, dst: Register, map_: str | int, offset: int = 0) -> None:
        """``dst = &value of the map's only entry + offset`` (Linux 5.2)."""
        reference = Reference("map_value", map_, offset) if isinstance(map_, str) else None
        number = 0 if isinstance(map_, str) else immediate(map_)
        self._wide(dst, isa.BPF_PSEUDO_MAP_VALUE, number, immediate(offset, 32), reference)

    def ld_map_idx(self, dst: Register, index: int) -> None:
        """``dst = the map at index of fd_array`` (Linux 5.14)."""
        self._wide(dst, isa.BPF_PSEUDO_MAP_IDX, immediate(index))

    def ld_map_idx_value(self, dst: Register, index: int, offset: int = 0) -> None:
        """``dst = &its value + offset`` (Linux 5.14)."""
        self._wide(dst, isa.BPF_PSEUDO_MAP_IDX_VALUE, immediate(index), immediate(offset, 32))

    def ld_btf_id(self, dst: Register, variable: str | int, btf_fd: int = 0) -> None:
        """``dst = &variable`` of the kernel, by name or BTF id (Linux 5.10).

        ``btf_fd`` is the descriptor of its module's BTF (5.12); 0 is the kernel itself.
        """
        reference = Reference("ksym", variable) if isinstance(variable, str) else None
        number = 0 if isinstance(variable, str) else immediate(variable)
        self._wide(dst, isa.BPF_PSEUDO_BTF_ID, number, immediate(btf_fd), reference)

    def ld_func(self, dst: Register, function: str | int) -> None:
        """``dst = &function`` of this program, for helpers that call back (Linux 5.13)."""
        code = Instruction(LD_IMM64, destination(dst, 64), isa.BPF_PSEUDO_FUNC)
        self.emit_jump(code, function, field="imm")
