"""The builder's loads and stores: b, h, w, dw move 1, 2, 4, 8 bytes.

Memory is written ``r1[4]``: the bytes at r1 + 4. Loads fill all 64 bits of dst, with zeroes above,
or with the sign for ``ldxs``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.emitter import Emitter
from rawbpf.asm.instruction import Instruction
from rawbpf.asm.operands import destination, displacement, immediate, register
from rawbpf.uapi import bpf_insn as isa

if TYPE_CHECKING:
    from rawbpf.asm.register import Memory, Register

__all__ = ["Loads"]


class Loads(Emitter):
    """``ldx``: memory to register, ``stx``: register to memory, ``st``: number to memory."""

    def _ldx(self, size: int, dst: Register, memory: Memory, mode: int = isa.BPF_MEM) -> None:
        base, offset = displacement(memory)
        self.emit(Instruction(isa.BPF_LDX | mode | size, destination(dst, 64), base, offset))

    def _stx(self, size: int, memory: Memory, src: Register) -> None:
        base, offset = displacement(memory)
        self.emit(Instruction(isa.BPF_STX | isa.BPF_MEM | size, base, register(src, 64), offset))

    def _st(self, size: int, memory: Memory, value: int) -> None:
        base, offset = displacement(memory)
        bits = 64 if size == isa.BPF_DW else 32
        imm = immediate(value, bits)
        self.emit(Instruction(isa.BPF_ST | isa.BPF_MEM | size, base, 0, offset, imm))

    def ldxb(self, dst: Register, memory: Memory) -> None:
        """``dst = *(u8 *)memory``."""
        self._ldx(isa.BPF_B, dst, memory)

    def ldxh(self, dst: Register, memory: Memory) -> None:
        """``dst = *(u16 *)memory``."""
        self._ldx(isa.BPF_H, dst, memory)

    def ldxw(self, dst: Register, memory: Memory) -> None:
        """``dst = *(u32 *)memory``."""
        self._ldx(isa.BPF_W, dst, memory)

    def ldxdw(self, dst: Register, memory: Memory) -> None:
        """``dst = *(u64 *)memory``."""
        self._ldx(isa.BPF_DW, dst, memory)

    def ldxsb(self, dst: Register, memory: Memory) -> None:
        """``dst = *(s8 *)memory`` (Linux 6.6)."""
        self._ldx(isa.BPF_B, dst, memory, isa.BPF_MEMSX)

    def ldxsh(self, dst: Register, memory: Memory) -> None:
        """``dst = *(s16 *)memory`` (Linux 6.6)."""
        self._ldx(isa.BPF_H, dst, memory, isa.BPF_MEMSX)

    def ldxsw(self, dst: Register, memory: Memory) -> None:
        """``dst = *(s32 *)memory`` (Linux 6.6)."""
        self._ldx(isa.BPF_W, dst, memory, isa.BPF_MEMSX)

    def stxb(self, memory: Memory, src: Register) -> None:
        """``*(u8 *)memory = src``."""
        self._stx(isa.BPF_B, memory, src)

    def stxh(self, memory: Memory, src: Register) -> None:
        """``*(u16 *)memory = src``."""
        self._stx(isa.BPF_H, memory, src)

    def stxw(self, memory: Memory, src: Register) -> None:
        """``*(u32 *)memory = src``."""
        self._stx(isa.BPF_W, memory, src)

    def stxdw(self, memory: Memory, src: Register) -> None:
        """``*(u64 *)memory = src``."""
        self._stx(isa.BPF_DW, memory, src)

    def stb(self, memory: Memory, value: int) -> None:
        """``*(u8 *)memory = value``."""
        self._st(isa.BPF_B, memory, value)

    def sth(self, memory: Memory, value: int) -> None:
        """``*(u16 *)memory = value``."""
        self._st(isa.BPF_H, memory, value)

    def stw(self, memory: Memory, value: int) -> None:
        """``*(u32 *)memory = value``."""
        self._st(isa.BPF_W, memory, value)

    def stdw(self, memory: Memory, value: int) -> None:
        """``*(u64 *)memory = value``, sign-extended from 32 bits."""
        self._st(isa.BPF_DW, memory, value)

    def ldabsb(self, at: int) -> None:
        """``r0 = packet byte at``; ends the program when the packet is shorter."""
        self._packet(isa.BPF_ABS | isa.BPF_B, None, at)

    def ldabsh(self, at: int) -> None:
        """``r0 = ntohs(2 packet bytes at)``; r6 must hold the socket buffer."""
        self._packet(isa.BPF_ABS | isa.BPF_H, None, at)

    def ldabsw(self, at: int) -> None:
        """``r0 = ntohl(4 packet bytes at)``."""
        self._packet(isa.BPF_ABS | isa.BPF_W, None, at)

    def ldindb(self, src: Register, at: int) -> None:
        """``r0 = packet byte src + at``."""
        self._packet(isa.BPF_IND | isa.BPF_B, src, at)

    def ldindh(self, src: Register, at: int) -> None:
        """``r0 = ntohs(2 packet bytes src + at)``."""
        self._packet(isa.BPF_IND | isa.BPF_H, src, at)

    def ldindw(self, src: Register, at: int) -> None:
        """``r0 = ntohl(4 packet bytes src + at)``."""
        self._packet(isa.BPF_IND | isa.BPF_W, src, at)

    def _packet(self, code: int, src: Register | None, at: int) -> None:
        number = 0 if src is None else register(src, 64)
        self.emit(Instruction(isa.BPF_LD | code, src=number, imm=immediate(at)))
