"""Taking an opcode apart. The numbers, and a picture of each field, are in `uapi/bpf_insn.py`.

>>> from rawbpf.uapi.bpf_insn import BPF_ALU64, BPF_JMP
>>> instruction_class(0x07) == BPF_ALU64, uses_register(0x07)
(True, False)
>>> instruction_class(0x1D) == BPF_JMP, uses_register(0x1D)
(True, True)
>>> size_in_bytes(0x61)
4
"""

from __future__ import annotations

from rawbpf.uapi.bpf_insn import BPF_B, BPF_DW, BPF_H, BPF_W, BPF_X

__all__ = [
    "SIZES",
    "instruction_class",
    "mode",
    "operation",
    "size",
    "size_in_bytes",
    "uses_register",
]

SIZES = {BPF_B: 1, BPF_H: 2, BPF_W: 4, BPF_DW: 8}
"""The size field of loads and stores -> bytes."""


def instruction_class(opcode: int) -> int:
    """Bits 0-2: BPF_LD ... BPF_ALU64."""
    return opcode & 0x07


def operation(opcode: int) -> int:
    """Bits 4-7 of arithmetic and jumps: BPF_ADD ..., BPF_JEQ ..."""
    return opcode & 0xF0


def uses_register(opcode: int) -> bool:
    """Bit 3 of arithmetic and jumps: whether the second operand is the src register."""
    return bool(opcode & BPF_X)


def size(opcode: int) -> int:
    """Bits 3-4 of loads and stores: BPF_B, BPF_H, BPF_W or BPF_DW."""
    return opcode & 0x18


def size_in_bytes(opcode: int) -> int:
    """How many bytes a load or store moves."""
    return SIZES[size(opcode)]


def mode(opcode: int) -> int:
    """Bits 5-7 of loads and stores: BPF_IMM, BPF_ABS, BPF_IND, BPF_MEM, BPF_MEMSX, BPF_ATOMIC."""
    return opcode & 0xE0
