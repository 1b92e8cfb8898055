"""The builder's memory accesses: loads, stores and atomic operations.

A memory operand is written ``r1[4]``, which means the memory at address r1 + 4. Loads fill all 64
bits of dst: the upper bits are cleared, or sign-extended by ``ldxs``.

Atomic operations change memory in one step, so that no other CPU sees an intermediate state. The
register's width must match the memory's: r registers for 8 bytes, w registers for 4. The ``fetch``
forms store the memory's old value in src (Linux 5.12); plain ``atomic_add`` has always been part of
eBPF.
"""

from __future__ import annotations

from rawbpf.asm.emitter import Emitter
from rawbpf.asm.instruction import Instruction
from rawbpf.asm.register import destination, displacement, immediate, register
from rawbpf.errors import BytecodeError
from rawbpf.light_typing import TYPE_CHECKING
from rawbpf.uapi import bpf_insn as isa

if TYPE_CHECKING:
    from rawbpf.asm.register import Memory, Register

__all__ = ["Atomics", "Loads"]

_SIZES = {8: isa.BPF_B, 16: isa.BPF_H, 32: isa.BPF_W, 64: isa.BPF_DW}


class Loads(Emitter):
    """Loads and stores.

    ``ldx`` loads memory into a register, ``stx`` stores a register in memory, and ``st`` stores a
    number in memory.
    """

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
        """Load 32 bits and sign-extend them to 64 bits."""
        self._st(isa.BPF_DW, memory, value)

    def ldabsb(self, at: int) -> None:
        """Load the packet byte at ``at`` into r0; the program exits if the packet is shorter."""
        self._packet(isa.BPF_ABS | isa.BPF_B, None, at)

    def ldabsh(self, at: int) -> None:
        """Load 2 packet bytes into r0 in host order; r6 must hold the socket buffer."""
        self._packet(isa.BPF_ABS | isa.BPF_H, None, at)

    def ldabsw(self, at: int) -> None:
        """Load the 4 packet bytes at ``at`` into r0 in host order."""
        self._packet(isa.BPF_ABS | isa.BPF_W, None, at)

    def ldindb(self, src: Register, at: int) -> None:
        """Load the packet byte at offset src + ``at`` into r0."""
        self._packet(isa.BPF_IND | isa.BPF_B, src, at)

    def ldindh(self, src: Register, at: int) -> None:
        """Load the 2 packet bytes at offset src + ``at`` into r0 in host order."""
        self._packet(isa.BPF_IND | isa.BPF_H, src, at)

    def ldindw(self, src: Register, at: int) -> None:
        """Load the 4 packet bytes at offset src + ``at`` into r0 in host order."""
        self._packet(isa.BPF_IND | isa.BPF_W, src, at)

    def _packet(self, code: int, src: Register | None, at: int) -> None:
        number = 0 if src is None else register(src, 64)
        self.emit(Instruction(isa.BPF_LD | code, src=number, imm=immediate(at)))


class Atomics(Emitter):
    """A mixin with one method for each memory operation."""

    def _atomic(self, operation: int, memory: Memory, src: Register) -> None:
        base, offset = displacement(memory)
        number = destination(src) if operation & isa.BPF_FETCH else register(src)
        code = isa.BPF_STX | isa.BPF_ATOMIC | _SIZES[src.bits]
        self.emit(Instruction(code, base, number, offset, operation))

    def atomic_add(self, memory: Memory, src: Register) -> None:
        """``lock *memory += src``."""
        self._atomic(isa.BPF_ADD, memory, src)

    def atomic_or(self, memory: Memory, src: Register) -> None:
        """``lock *memory |= src`` (Linux 5.12)."""
        self._atomic(isa.BPF_OR, memory, src)

    def atomic_and(self, memory: Memory, src: Register) -> None:
        """``lock *memory &= src`` (Linux 5.12)."""
        self._atomic(isa.BPF_AND, memory, src)

    def atomic_xor(self, memory: Memory, src: Register) -> None:
        """``lock *memory ^= src`` (Linux 5.12)."""
        self._atomic(isa.BPF_XOR, memory, src)

    def atomic_fetch_add(self, memory: Memory, src: Register) -> None:
        """``src = *memory; *memory += old src``."""
        self._atomic(isa.BPF_ADD | isa.BPF_FETCH, memory, src)

    def atomic_fetch_or(self, memory: Memory, src: Register) -> None:
        """``src = *memory; *memory |= old src``."""
        self._atomic(isa.BPF_OR | isa.BPF_FETCH, memory, src)

    def atomic_fetch_and(self, memory: Memory, src: Register) -> None:
        """``src = *memory; *memory &= old src``."""
        self._atomic(isa.BPF_AND | isa.BPF_FETCH, memory, src)

    def atomic_fetch_xor(self, memory: Memory, src: Register) -> None:
        """``src = *memory; *memory ^= old src``."""
        self._atomic(isa.BPF_XOR | isa.BPF_FETCH, memory, src)

    def xchg(self, memory: Memory, src: Register) -> None:
        """``src = *memory; *memory = old src``."""
        self._atomic(isa.BPF_XCHG, memory, src)

    def cmpxchg(self, memory: Memory, src: Register) -> None:
        """Store src if memory equals r0; r0 receives the memory's old value."""
        number, (base, offset) = register(src), displacement(memory)
        code = isa.BPF_STX | isa.BPF_ATOMIC | _SIZES[src.bits]
        self.emit(Instruction(code, base, number, offset, isa.BPF_CMPXCHG))

    def load_acquire(self, dst: Register, memory: Memory, bits: int = 64) -> None:
        """``dst = *memory``, before all later accesses; bits 8, 16, 32, 64 (Linux 6.15)."""
        base, offset = displacement(memory)
        code = isa.BPF_STX | isa.BPF_ATOMIC | _size(bits)
        self.emit(Instruction(code, destination(dst, 64), base, offset, isa.BPF_LOAD_ACQ))

    def store_release(self, memory: Memory, src: Register, bits: int = 64) -> None:
        """``*memory = src``, after all earlier accesses; bits 8, 16, 32, 64 (Linux 6.15)."""
        base, offset = displacement(memory)
        code = isa.BPF_STX | isa.BPF_ATOMIC | _size(bits)
        self.emit(Instruction(code, base, register(src, 64), offset, isa.BPF_STORE_REL))


def _size(bits: int) -> int:
    if bits not in _SIZES:
        raise BytecodeError(f"cannot access {bits} bits of memory", fix="use 8, 16, 32 or 64")
    return _SIZES[bits]
