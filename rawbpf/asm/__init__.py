"""Bytecode: the instruction, the builder, text in two dialects, both ways.

What is most used is here. The parser and the disassembler are imported by those who need them:
``rawbpf kprobe`` starts without.
"""

from __future__ import annotations

from rawbpf.asm.builder import Builder
from rawbpf.asm.bytecode import Bytecode
from rawbpf.asm.instruction import Instruction
from rawbpf.asm.register import (
    Memory,
    Register,
    r0,
    r1,
    r2,
    r3,
    r4,
    r5,
    r6,
    r7,
    r8,
    r9,
    r10,
    w0,
    w1,
    w2,
    w3,
    w4,
    w5,
    w6,
    w7,
    w8,
    w9,
    w10,
)  # fmt: skip

__all__ = [
    "Builder", "Bytecode", "Instruction", "Memory", "Register",
    "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10",
    "w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "w9", "w10",
]  # fmt: skip
