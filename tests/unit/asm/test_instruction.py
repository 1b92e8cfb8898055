"""Encoding and decoding single instructions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.asm.decode import decode, decode_all
from rawbpf.asm.forms import FORMS
from rawbpf.asm.instruction import Instruction, Reference, Source, encode_all
from rawbpf.errors import BytecodeError, DecodeError

WIDE = "18 01 00 00 ff ff ff ff 00 00 00 00 01 00 00 00"


def decoded(text):
    return decode(bytes.fromhex(text))


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("b7 00 00 00 01 00 00 00", (0xB7, 0, 0, 0, 1)),
        ("63 1a fc ff 00 00 00 00", (0x63, 10, 1, -4, 0)),
        ("85 10 00 00 ff ff ff ff", (0x85, 0, 1, 0, -1)),
        (WIDE, (0x18, 1, 0, 0, 0x1_FFFF_FFFF)),
    ],
)
def test_layout_of_the_fields(text, fields):
    assert decoded(text) == Instruction(*fields)
    assert Instruction(*fields).encode() == bytes.fromhex(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ff 00 00 00 00 00 00 00", "offset 0x0: unknown opcode 0xff"),
        ("8d 01 00 00 00 00 00 00", "offset 0x0: unknown opcode 0x8d"),
        ("b7 00 00 00", "offset 0x0: truncated instruction: only 4 of 8 bytes"),
        (WIDE[:23], "offset 0x0: truncated 64-bit load: the second slot is missing"),
        (WIDE.replace("00 00 00 00 01", "00 10 00 00 01"), "offset 0x8: malformed 64-bit load"),
        ("95 00 00 00 01 00 00 00", "malformed exit: imm must be 0, but is 1"),
        ("b7 10 00 00 01 00 00 00", "malformed mov: src must be 0, but is 1"),
        ("bf 1b 00 00 00 00 00 00", "malformed mov: register 11 does not exist"),
        ("bf c1 00 00 00 00 00 00", "malformed mov: register 12 does not exist"),
        ("37 01 02 00 07 00 00 00", "off must be 0, but is 2"),
        ("c3 12 00 00 02 00 00 00", "imm must be 0, but is 2"),
        ("dc 01 00 00 08 00 00 00", "imm must be 16, but is 8"),
        (
            "18 71 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
            "malformed lddw: src must be 0, but is 7",
        ),
        (
            "18 11 00 00 03 00 00 00 00 00 00 00 01 00 00 00",
            "the upper half of imm must be 0, but is 0x1",
        ),
        ("85 20 ff ff 05 00 00 00", "malformed call kfunc: off must be 0, but is -1"),
    ],
)
def test_errors_of_decoding_name_offset_and_reason(text, message):
    with pytest.raises(DecodeError) as caught:
        decoded(text)
    assert message in str(caught.value)


def test_the_offset_is_that_of_the_invalid_instruction():
    good = bytes.fromhex(WIDE) + bytes.fromhex("9500000000000000")
    with pytest.raises(DecodeError, match="offset 0x18:") as caught:
        decode_all(good + b"\xff")
    assert caught.value.offset == 0x18


@pytest.mark.parametrize(
    "fields", [(0xB7, 16), (0xB7, 0, 16), (0xB7, 0, 0, 1 << 15), (0xB7, 0, 0, 0, 1 << 31), (256,)]
)
def test_a_field_that_does_not_fit_is_an_error(fields):
    with pytest.raises(BytecodeError, match="is out of range"):
        Instruction(*fields).encode()


@given(st.binary(min_size=8, max_size=16))
def test_whatever_decodes_encodes_to_the_same_bytes(data):
    try:
        instruction = decode(data)
    except DecodeError:
        return
    assert instruction.encode() == data[: 8 * instruction.slots]


def test_all_opcodes_of_the_kernel_are_listed():
    """Opcodes of the kernel's table in kernel/bpf/core.c."""
    opcodes = {form.opcode for form in FORMS}
    alu = {op | src | cls for op in range(0, 0xD0, 0x10) for src in (0, 8) for cls in (4, 7)}
    alu -= {0x8C, 0x8F}  # neg has one operand
    alu |= {0xD4, 0xDC, 0xD7}
    jumps = {op | src | cls for op in range(0x10, 0xE0, 0x10) for src in (0, 8) for cls in (5, 6)}
    jumps -= {op | src | cls for op in (0x80, 0x90) for src in (0, 8) for cls in (5, 6)}
    jumps |= {0x05, 0x06, 0xE5, 0x85, 0x95}
    memory = {0x60 | size | cls for size in (0, 8, 0x10, 0x18) for cls in (1, 2, 3)}
    memory |= {0x81, 0x89, 0x91, 0xC3, 0xCB, 0xD3, 0xDB, 0x18}
    memory |= {mode | size for mode in (0x20, 0x40) for size in (0, 8, 0x10)}
    assert opcodes == alu | jumps | memory


def test_metadata_takes_part_in_equality_and_not_in_the_bytes():
    load = Instruction(0x18, 1, 1)
    hits = load._replace(reference=Reference("map", "hits"), source=Source("x.bpf.s", 3))
    misses = load._replace(reference=Reference("map", "misses"))
    assert len({load, hits, misses}) == 3
    assert hits.bare() == misses.bare() == load
    assert hits.encode() == encode_all([misses]) == load.encode()


def test_repr_shows_only_existing_metadata():
    assert repr(Instruction(0x95)) == "Instruction(opcode=149, dst=0, src=0, off=0, imm=0)"
    shown = repr(Instruction(0x85, reference=Reference("kfunc", "f")))
    assert shown.endswith("imm=0, reference=Reference(kind='kfunc', name='f', addend=0))")
