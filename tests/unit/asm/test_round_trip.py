"""Bytes -> instruction -> text -> instruction -> bytes is the identity, for every form."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rawbpf.asm.decode import decode, decode_all
from rawbpf.asm.form import parts
from rawbpf.asm.format import DIALECTS, Style, format_instruction
from rawbpf.asm.forms import FORMS, form_of
from rawbpf.asm.instruction import encode_all
from rawbpf.asm.parse import parse_instruction
from tests.support.instructions import INSTRUCTIONS, corners_of

ALL_STYLES = [
    Style(dialect, numbers, w, helpers)
    for dialect in DIALECTS
    for numbers in ("auto", "decimal", "hex")
    for w in (False, True)
    for helpers in (False, True)
]


@given(INSTRUCTIONS, st.sampled_from(ALL_STYLES))
@settings(max_examples=500)
def test_bytes_text_bytes_is_the_identity(instruction, style):
    data = instruction.encode()
    decoded = decode(data)
    assert decoded == instruction
    text = format_instruction(decoded, style)
    assert parse_instruction(text).encode() == data, text


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.opcode:02x} {form.c}")
def test_every_form_round_trips_with_extreme_operands(form):
    for instruction in corners_of(form):
        assert form_of(instruction) is form
        assert decode(instruction.encode()) == instruction
        for text in {format_instruction(instruction, style) for style in ALL_STYLES}:
            assert parse_instruction(text) == instruction, text


@given(st.lists(INSTRUCTIONS))
def test_a_program_of_any_instructions(instructions):
    assert decode_all(encode_all(instructions)) == instructions


EXAMPLES = {
    "r": "r3",
    "w": "w3",
    "i32": "5",
    "w32": "0xffffffff",
    "i64": "-1",
    "mem": " + 4",
    "disp": "-4",
    "beyond": " + -4",
    "target": "pc+4",
    "callee": "+4",
    "pc": "pc-4",
    "helper": "bpf_ktime_get_ns#5",
    "id": "7",
    "index": "1",
    "fd": "7",
}
"""Operands as written by the kernel and other tools, where rawbpf writes them differently."""


def spell(pattern):
    """Return a pattern with example operands."""
    return "".join(p if isinstance(p, str) else EXAMPLES[p.kind] for p in parts(pattern))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.c)
def test_each_spelling_is_parsed_as_its_form(form):
    for pattern in filter(None, (form.c, form.w, form.mnemonic, *form.also)):
        assert form_of(parse_instruction(spell(pattern))) is form, spell(pattern)
