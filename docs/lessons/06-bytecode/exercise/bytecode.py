"""Lesson 06: bytecode by hand. Eight bytes to five numbers, to words, to what they do.

take_apart()     step 1    eight bytes -> an instruction
put_together()   step 2    an instruction -> eight bytes
instructions()   step 3    a program -> its instructions, of which one takes sixteen bytes
spell()          step 4    an instruction -> text
run()            step 5    do what the instructions say
"""

import struct
import sys
from pathlib import Path
from typing import NamedTuple

SLOT = 8
WIDE = 0x18
"""The opcode of the only instruction that takes two slots: a 64-bit constant."""

K, X = 0x00, 0x08
"""Bit 3 of arithmetic and jumps: the other operand is imm, or the src register."""

ALU64, JMP = 0x07, 0x05
"""Two classes, bits 0-2."""

ARITHMETIC = {0x00: "+=", 0x10: "-=", 0x20: "*=", 0x40: "|=", 0x50: "&=", 0xA0: "^=", 0xB0: "="}
CONDITIONS = {0x10: "==", 0x20: ">", 0x50: "!=", 0xA0: "<"}
"""Bits 4-7 of arithmetic, and of jumps; the comparisons are unsigned."""

JA, EXIT = 0x05, 0x95
ALL = (1 << 64) - 1


class Instruction(NamedTuple):
    """What the bits say. ``off`` and ``imm`` have signs."""

    opcode: int
    dst: int
    src: int
    off: int
    imm: int


def take_apart(data: bytes) -> Instruction:
    """The instruction in eight bytes."""
    raise NotImplementedError("step 1: unpack four fields, and split the second")


def put_together(instruction: Instruction) -> bytes:
    """The eight bytes of an instruction."""
    raise NotImplementedError("step 2: the same backwards")


def instructions(program: bytes) -> dict[int, Instruction]:
    """Slot -> instruction. A 64-bit constant has all 64 bits in imm, and no second entry."""
    raise NotImplementedError("step 3: walk through the slots; one opcode takes two")


def spell(instruction: Instruction) -> str:
    """The instruction in words, as llvm-objdump writes them."""
    raise NotImplementedError("step 4: an opcode has three parts; write each out")


def run(program: bytes, most: int = 100_000) -> int:
    """r0 at the end. TimeoutError: it has not ended after ``most`` instructions."""
    raise NotImplementedError("step 5: follow the program")


def compute(operation: int, dst: int, other: int) -> int:
    """The result of arithmetic, cut to 64 bits."""
    results = {
        "+=": dst + other, "-=": dst - other, "*=": dst * other,
        "|=": dst | other, "&=": dst & other, "^=": dst ^ other, "=": other,
    }  # fmt: skip
    return results[ARITHMETIC[operation]] & ALL


def holds(operation: int, dst: int, other: int) -> bool:
    """Whether a jump is taken."""
    answers = {"==": dst == other, "!=": dst != other, ">": dst > other, "<": dst < other}
    return answers[CONDITIONS[operation]]


def main() -> None:
    """Spell and run a program that is written in hex."""
    program = bytes.fromhex(Path(sys.argv[1]).read_text())
    for slot, instruction in instructions(program).items():
        print(f"{slot:3}: {spell(instruction)}")
    print(f"r0 = {run(program)}")


if __name__ == "__main__":
    main()
