"""Assemble and disassemble garbage: the result is a value or a declared error."""

from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rawbpf.asm.decode import decode_all
from rawbpf.asm.disassembler import disassemble
from rawbpf.asm.format import DIALECTS, format_instruction
from rawbpf.asm.instruction import Instruction, encode_all
from rawbpf.asm.parse import parse_instruction
from rawbpf.elf.code import code_sections
from rawbpf.elf.read import ObjectFile
from rawbpf.elf.write import encode_object
from rawbpf.errors import AssemblyError, BytecodeError, DecodeError, RawbpfError
from rawbpf.source.assembler import assemble
from tests.support.instructions import INSTRUCTIONS

BPF_SRC = Path(__file__).parents[2] / "bpf_src"
FILES = [path.read_text() for path in sorted(BPF_SRC.glob("*.bpf.s"))]


@given(st.binary(max_size=64))
def test_bytes_as_instructions(data):
    try:
        instructions = decode_all(data)
    except DecodeError as error:
        offset = error.offset
    else:
        offset = len(data)
        assert encode_all(instructions) == data
        for style in DIALECTS.values():
            disassemble(instructions, style)
    assert 0 <= offset <= len(data)


@given(st.lists(INSTRUCTIONS, max_size=12).map(encode_all), st.data())
def test_instructions_with_one_byte_changed(data, draw):
    if not data:
        return
    at, byte = draw.draw(st.integers(0, len(data) - 1)), draw.draw(st.integers(0, 255))
    changed = data[:at] + bytes([byte]) + data[at + 1 :]
    try:
        rows = disassemble(decode_all(changed))
    except DecodeError:
        return
    assert encode_all(row.instruction for row in rows) == changed


NUMBERS = st.integers() | st.integers(-(1 << 70), 1 << 70)


@given(st.builds(Instruction, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS))
def test_fields_of_any_size(instruction):
    try:
        data = instruction.encode()
        text = format_instruction(instruction)
    except BytecodeError:
        return
    assert parse_instruction(text).encode() == data


WORDS = st.sampled_from(
    """r0 w1 r10 %r3 = == += s>>= - + * / ( ) [ ] { } , ; # // : goto if ll lock u32 skb exit call
    ldxw stxdw lddw mov jeq be16 map_by_fd map_val pc 0 1 -1 0x7fffffff 'a' "x" f .program
    .function .map .equ .data .rodata .quad .ascii .license .include hash key xdp p < > << ~ @
    99999999999999999999 may_goto gotol local kfunc in""".split()  # noqa: SIM905 -- to be read
)
SOUP = st.lists(WORDS | st.text(max_size=4), max_size=12).map(" ".join)


@given(SOUP | st.text(max_size=80))
@example("r0 = " + "-" * 5000 + "1")
@example("goto +1 <" + "x " * 5000)
@example("r0 = " + "1 + " * 5000 + "1")
def test_one_line_of_text(text):
    try:
        instruction = parse_instruction(text)
    except AssemblyError as error:
        column = error.column
    else:
        column = 1
        assert parse_instruction(format_instruction(instruction)) == instruction
    assert 1 <= column <= len(text) + 1


def assembled(text):
    """Assemble a text. Return None if it raises a declared error."""
    try:
        spec = assemble(text)
        file = ObjectFile(encode_object(spec))
    except RawbpfError:
        return
    code_sections(file)


@given(st.lists(SOUP, max_size=12).map("\n".join))
@example(".equ A, " + "(" * 100_000)
@example("\x1f")
@example(".equ A, " + "- " * 100_000 + "1")
@example(".data\n.zero 67108865")
@example('.include "/"')
def test_files_of_words(text):
    assembled(text)


@given(st.sampled_from(FILES), st.data())
@settings(max_examples=150)
def test_good_files_with_a_piece_replaced(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = start + data.draw(st.integers(0, 12))
    assembled(text[:start] + data.draw(SOUP | st.text(max_size=6)) + text[end:])
