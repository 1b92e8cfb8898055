"""Instructions of translated programs: restored fields, and instructions that only they have."""

import struct

import pytest

from rawbpf.asm.decode import decode_all
from rawbpf.asm.disassembler import disassemble
from rawbpf.asm.format import MNEMONIC
from rawbpf.asm.instruction import Instruction
from rawbpf.asm.internal import decode_internal, internal_text, public
from rawbpf.errors import DecodeError

EXIT = Instruction(0x95)


def raw(opcode, dst=0, src=0, off=0, imm=0):
    return struct.pack("<BBhi", opcode, src << 4 | dst, off, imm)


def test_the_distance_of_a_call_is_restored():
    """With a JIT, imm holds the function's number and off the distance."""
    (call,) = decode_internal(raw(0x85, src=1, off=9, imm=2))
    assert call == Instruction(0x85, src=1, imm=9)
    assert public(Instruction(0x85, src=1, imm=9)) == Instruction(0x85, src=1, imm=9)


def test_the_number_of_a_function_is_removed_from_its_address():
    (load,) = decode_internal(raw(0x18, 2, 4, imm=36) + raw(0, imm=1))
    assert load == Instruction(0x18, 2, 4, 0, 36)


@pytest.mark.parametrize(
    ("shown", "meant"), [(0x39, 0x79), (0x31, 0x71), (0x51, 0x91), (0xFB, 0xDB)]
)
def test_loads_that_may_fault_become_ordinary_loads(shown, meant):
    assert public(Instruction(shown, 1, 2, 8)).opcode == meant


def test_ordinary_instructions_are_unchanged():
    for instruction in (
        EXIT,
        Instruction(0x20, imm=4),
        Instruction(0x85, imm=5),
        Instruction(0xB7),
    ):
        assert public(instruction) == instruction
        assert internal_text(instruction) is None


@pytest.mark.parametrize(
    ("instruction", "c", "mnemonic"),
    [
        (Instruction(0xC2), "nospec", "nospec"),
        (Instruction(0xBF, 1, 2, -1), "r1 = percpu_addr(r2)", "r1 = percpu_addr(r2)"),
        (Instruction(0x07, 11, 0, 0, -1), "r11 += -1", "add r11, -1"),
        (Instruction(0x15, 11, 0, 3, 0), "if r11 == 0 goto +3", "jeq r11, 0, +3"),
        (Instruction(0x7B, 10, 11, -16), "*(u64 *)(r10 - 16) = r11", "stxdw [r10-16], r11"),
        (Instruction(0xFF, 1, 2, 3, 4), *["internal 0xff r1 r2 off=3 imm=0x4"] * 2),
        (Instruction(0xFF, 11), *["internal 0xff r11 r0 off=0 imm=0x0"] * 2),
    ],
)
def test_texts(instruction, c, mnemonic):
    assert internal_text(instruction) == c
    assert internal_text(instruction, MNEMONIC) == mnemonic


def test_they_are_shown_in_a_listing_with_labels():
    code = [Instruction(0x15, 1, 0, 1), Instruction(0xC2), EXIT]
    rows = disassemble(code, texts={1: internal_text(code[1])})
    assert [(row.label, row.text) for row in rows] == [
        (None, "if r1 == 0 goto L1"),
        (None, "nospec"),
        ("L1", "exit"),
    ]


def test_truncated_code_is_an_error():
    with pytest.raises(DecodeError, match="second slot is missing"):
        decode_internal(raw(0x18))
    with pytest.raises(DecodeError, match="truncated instruction"):
        decode_internal(bytes(3))
    with pytest.raises(DecodeError):
        decode_all(raw(0xC2))  # not allowed in programs
