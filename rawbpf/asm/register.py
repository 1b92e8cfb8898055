"""The eleven registers, and memory named through one.

    r0        the result: of a call, and of the program
    r1 - r5   arguments; whatever is called destroys them
    r6 - r9   yours; whatever is called keeps them
    r10       the end of the stack frame, read-only: the stack grows down to r10 - 512

``r3`` is all 64 bits, ``w3`` the low 32 of the same register. Writing ``w3`` clears the high half.
``r10[-8]`` names the memory at r10 - 8.

>>> r1, w1, r10[-8], r6 + 4
(r1, w1, r10[-8], r6[4])
"""

from __future__ import annotations

from typing import NamedTuple

from rawbpf.uapi.bpf_insn import MAX_BPF_REG

__all__ = [
    "Memory", "Register",
    "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10",
    "w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "w9", "w10",
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
    """The bytes at ``base`` + ``offset``; how many, the instruction says."""

    base: Register
    offset: int

    def __repr__(self) -> str:
        return f"{self.base}[{self.offset}]"


r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10 = map(Register, range(MAX_BPF_REG))
w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10 = (Register(n, bits=32) for n in range(MAX_BPF_REG))
