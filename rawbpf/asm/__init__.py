"""Bytecode: instructions, a builder, an assembler and a disassembler."""

from __future__ import annotations

from rawbpf.front_door import front_door
from rawbpf.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rawbpf.asm.builder import Builder
    from rawbpf.asm.bytecode import Bytecode, Function
    from rawbpf.asm.cfg import Block, control_flow
    from rawbpf.asm.decode import decode_all
    from rawbpf.asm.disassembler import Row, disassemble
    from rawbpf.asm.format import format_instruction
    from rawbpf.asm.instruction import (
        CoreRelocation,
        Instruction,
        Reference,
        Source,
        encode_all,
        slots_of,
    )
    from rawbpf.asm.parse import parse_instruction
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
    )
    from rawbpf.asm.since import newer_than

__all__ = [
    "Block",
    "Builder",
    "Bytecode",
    "CoreRelocation",
    "Function",
    "Instruction",
    "Memory",
    "Reference",
    "Register",
    "Row",
    "Source",
    "control_flow",
    "decode_all",
    "disassemble",
    "encode_all",
    "format_instruction",
    "newer_than",
    "parse_instruction",
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
    "slots_of",
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
]

_HOMES = {
    "Block": "rawbpf.asm.cfg",
    "Builder": "rawbpf.asm.builder",
    "Bytecode": "rawbpf.asm.bytecode",
    "CoreRelocation": "rawbpf.asm.instruction",
    "Function": "rawbpf.asm.bytecode",
    "Instruction": "rawbpf.asm.instruction",
    "Memory": "rawbpf.asm.register",
    "Reference": "rawbpf.asm.instruction",
    "Register": "rawbpf.asm.register",
    "Row": "rawbpf.asm.disassembler",
    "Source": "rawbpf.asm.instruction",
    "control_flow": "rawbpf.asm.cfg",
    "decode_all": "rawbpf.asm.decode",
    "disassemble": "rawbpf.asm.disassembler",
    "encode_all": "rawbpf.asm.instruction",
    "format_instruction": "rawbpf.asm.format",
    "newer_than": "rawbpf.asm.since",
    "parse_instruction": "rawbpf.asm.parse",
    "r0": "rawbpf.asm.register",
    "r1": "rawbpf.asm.register",
    "r10": "rawbpf.asm.register",
    "r2": "rawbpf.asm.register",
    "r3": "rawbpf.asm.register",
    "r4": "rawbpf.asm.register",
    "r5": "rawbpf.asm.register",
    "r6": "rawbpf.asm.register",
    "r7": "rawbpf.asm.register",
    "r8": "rawbpf.asm.register",
    "r9": "rawbpf.asm.register",
    "slots_of": "rawbpf.asm.instruction",
    "w0": "rawbpf.asm.register",
    "w1": "rawbpf.asm.register",
    "w10": "rawbpf.asm.register",
    "w2": "rawbpf.asm.register",
    "w3": "rawbpf.asm.register",
    "w4": "rawbpf.asm.register",
    "w5": "rawbpf.asm.register",
    "w6": "rawbpf.asm.register",
    "w7": "rawbpf.asm.register",
    "w8": "rawbpf.asm.register",
    "w9": "rawbpf.asm.register",
}

__getattr__, __dir__ = front_door(__name__, _HOMES)
