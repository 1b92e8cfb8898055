"""Lesson 06: decode, encode, disassemble and run eBPF bytecode.

The functions, in the order of the steps:

    decode()          │ step 1    eight bytes -> an instruction
    encode()          │ step 2    an instruction -> eight bytes
    instructions()    │ step 3    a program -> its instructions; the 64-bit constant has 16 bytes
    disassemble()     │ step 4    an instruction -> text
    run()             │ step 5    execute a program
"""

import struct
import sys
from pathlib import Path
from typing import NamedTuple

SLOT = 8
WIDE = 0x18
"""The opcode of the only instruction that takes two slots, which loads a 64-bit constant."""

K, X = 0x00, 0x08
"""Bit 3 of arithmetic and jumps: the second operand is either imm (K) or the src register (X)."""

ALU64, JMP = 0x07, 0x05
"""Two instruction classes, encoded in bits 0 to 2."""

ARITHMETIC = {0x00: "+=", 0x10: "-=", 0x20: "*=", 0x40: "|=", 0x50: "&=", 0xA0: "^=", 0xB0: "="}
CONDITIONS = {0x10: "==", 0x20: ">", 0x50: "!=", 0xA0: "<"}
"""Operations, encoded in bits 4 to 7 of arithmetic and jump opcodes.

The comparisons are unsigned.
"""

JA, EXIT = 0x05, 0x95
ALL = (1 << 64) - 1


class Instruction(NamedTuple):
    """The fields of an instruction. ``off`` and ``imm`` are signed."""

    opcode: int
    dst: int
    src: int
    off: int
    imm: int


def decode(data: bytes) -> Instruction:
    """Decode an eight-byte instruction."""
    opcode, registers, off, imm = struct.unpack("<BBhi", data)
    return Instruction(opcode, registers & 0x0F, registers >> 4, off, imm)


def encode(instruction: Instruction) -> bytes:
    """Encode an instruction as eight bytes."""
    opcode, dst, src, off, imm = instruction
    return struct.pack("<BBhi", opcode, src << 4 | dst, off, imm)


def instructions(program: bytes) -> dict[int, Instruction]:
    """Map slots to instructions. A 64-bit constant is a single entry, with all its bits in imm."""
    found, slot = {}, 0
    while slot * SLOT < len(program):
        one = decode(program[slot * SLOT : (slot + 1) * SLOT])
        width = 1
        if one.opcode == WIDE:
            high = decode(program[(slot + 1) * SLOT : (slot + 2) * SLOT]).imm
            one = one._replace(imm=high << 32 | one.imm & 0xFFFF_FFFF)
            width = 2
        found[slot] = one
        slot += width
    return found


def disassemble(instruction: Instruction) -> str:
    """Format an instruction as text in the syntax of llvm-objdump."""
    opcode, dst, src, off, imm = instruction
    operation, other = opcode & 0xF0, f"r{src}" if opcode & X else str(imm)
    if opcode == EXIT:
        return "exit"
    if opcode == JA:
        return f"goto {off:+}"
    if opcode == WIDE:
        return f"r{dst} = {imm & ALL:#x} ll"
    if opcode & 0x07 == ALU64:
        return f"r{dst} {ARITHMETIC[operation]} {other}"
    return f"if r{dst} {CONDITIONS[operation]} {other} goto {off:+}"


def run(program: bytes, limit: int = 100_000) -> int:
    """Run the program and return r0. Raises TimeoutError after ``limit`` instructions."""
    code, registers, slot = instructions(program), [0] * 11, 0
    for _ in range(limit):
        one = code[slot]
        slot += 2 if one.opcode == WIDE else 1
        other = (registers[one.src] if one.opcode & X else one.imm) & ALL
        if one.opcode == EXIT:
            return registers[0]
        if one.opcode == WIDE:
            registers[one.dst] = one.imm & ALL
        elif one.opcode & 0x07 == ALU64:
            registers[one.dst] = compute(one.opcode & 0xF0, registers[one.dst], other)
        elif one.opcode == JA or holds(one.opcode & 0xF0, registers[one.dst], other):
            slot += one.off
    raise TimeoutError(f"still running after {limit} instructions")


def compute(operation: int, dst: int, other: int) -> int:
    """Return the result of an arithmetic operation, truncated to 64 bits."""
    results = {
        "+=": dst + other, "-=": dst - other, "*=": dst * other,
        "|=": dst | other, "&=": dst & other, "^=": dst ^ other, "=": other,
    }  # fmt: skip
    return results[ARITHMETIC[operation]] & ALL


def holds(operation: int, dst: int, other: int) -> bool:
    """Return whether the condition of a jump holds."""
    answers = {"==": dst == other, "!=": dst != other, ">": dst > other, "<": dst < other}
    return answers[CONDITIONS[operation]]


def main() -> None:
    """Disassemble and run the program in a file of hexadecimal digits."""
    program = bytes.fromhex(Path(sys.argv[1]).read_text())
    for slot, instruction in instructions(program).items():
        print(f"{slot:3}: {disassemble(instruction)}")
    print(f"r0 = {run(program)}")


if __name__ == "__main__":
    main()
