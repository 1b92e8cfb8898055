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
    raise NotImplementedError("step 1: unpack four fields, and split the second into dst and src")


def encode(instruction: Instruction) -> bytes:
    """Encode an instruction as eight bytes."""
    raise NotImplementedError("step 2: pack the fields into eight bytes")


def instructions(program: bytes) -> dict[int, Instruction]:
    """Map slots to instructions. A 64-bit constant is a single entry, with all its bits in imm."""
    raise NotImplementedError("step 3: decode slot by slot; the opcode WIDE takes two slots")


def disassemble(instruction: Instruction) -> str:
    """Format an instruction as text in the syntax of llvm-objdump."""
    raise NotImplementedError("step 4: return the text of the operation and its operands")


def run(program: bytes, limit: int = 100_000) -> int:
    """Run the program and return r0. Raises TimeoutError after ``limit`` instructions."""
    raise NotImplementedError("step 5: fetch and execute the instructions until EXIT")


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
