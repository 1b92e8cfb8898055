"""The builder's atomics: memory changed in one step that no other CPU can see half of.

The register's width is the memory's: r for 8 bytes, w for 4. The ``fetch`` forms leave in src what
memory held before (Linux 5.12); plain ``atomic_add`` has always been there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.emitter import Emitter
from rawbpf.asm.instruction import Instruction
from rawbpf.asm.operands import destination, displacement, register
from rawbpf.errors import BytecodeError
from rawbpf.uapi import bpf_insn as isa

if TYPE_CHECKING:
    from rawbpf.asm.register import Memory, Register

__all__ = ["Atomics"]

_SIZES = {8: isa.BPF_B, 16: isa.BPF_H, 32: isa.BPF_W, 64: isa.BPF_DW}


class Atomics(Emitter):
    """One method an operation."""

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
        """``if *memory == r0: *memory = src``; r0 = what memory held before, either way."""
        number, (base, offset) = register(src), displacement(memory)
        code = isa.BPF_STX | isa.BPF_ATOMIC | _SIZES[src.bits]
        self.emit(Instruction(code, base, number, offset, isa.BPF_CMPXCHG))

    def load_acquire(self, dst: Register, memory: Memory, bits: int = 64) -> None:
        """``dst = *memory``, before all that follows; bits 8, 16, 32, 64 (Linux 6.15)."""
        base, offset = displacement(memory)
        code = isa.BPF_STX | isa.BPF_ATOMIC | _size(bits)
        self.emit(Instruction(code, destination(dst, 64), base, offset, isa.BPF_LOAD_ACQ))

    def store_release(self, memory: Memory, src: Register, bits: int = 64) -> None:
        """``*memory = src``, after all that came before; bits 8, 16, 32, 64 (Linux 6.15)."""
        base, offset = displacement(memory)
        code = isa.BPF_STX | isa.BPF_ATOMIC | _size(bits)
        self.emit(Instruction(code, base, register(src, 64), offset, isa.BPF_STORE_REL))


def _size(bits: int) -> int:
    if bits not in _SIZES:
        raise BytecodeError(f"memory is not read {bits} bits at a time", fix="use 8, 16, 32 or 64")
    return _SIZES[bits]
