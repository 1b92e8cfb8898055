"""Disassembly with labels and names, and back through the assembler."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rawbpf.asm.disassembler import disassemble
from rawbpf.asm.format import DIALECTS, MNEMONIC
from rawbpf.asm.forms import form_of
from rawbpf.asm.parse import parse_instruction
from rawbpf.source.assembler import assemble
from tests.support.instructions import INSTRUCTIONS


def rows_of(*texts, **options):
    return disassemble([parse_instruction(text) for text in texts], **options)


def test_labels_are_numbered_from_the_top():
    rows = rows_of("if r0 == 0 goto +1", "goto +1", "goto -2", "exit")
    assert [row.text for row in rows] == ["if r0 == 0 goto L2", "goto L3", "goto L1", "exit"]
    assert [row.label for row in rows] == [None, "L1", "L2", "L3"]


def test_targets_without_an_instruction_remain_distances():
    rows = rows_of("goto +1", "r1 = 1 ll", "goto +5", "goto -9")
    assert [row.text for row in rows] == ["goto +1", "r1 = 1 ll", "goto +5", "goto -9"]
    assert [row.label for row in rows] == [None] * 4
    assert [row.slot for row in rows] == [0, 1, 3, 4]


def test_labels_avoid_the_names_of_functions():
    rows = rows_of("goto +0", "call pc+0", "exit", functions={2: "L1"})
    assert [row.text for row in rows] == ["goto L2", "call L1", "exit"]


def test_functions_and_symbols_in_both_dialects():
    texts = ("r1 = 0 ll", "call pc-1", "r2 = code_addr(-4) ll", "call pc+9", "exit")
    names = {"functions": {0: "f"}, "symbols": {0: "events + 8", 2: "g"}}
    assert [row.text for row in rows_of(*texts, **names)] == [
        "r1 = events + 8 ll", "call g", "r2 = code_addr(f) ll", "call pc+9", "exit"
    ]  # fmt: skip
    assert [row.text for row in rows_of(*texts, style=MNEMONIC, **names)] == [
        "lddw r1, events + 8", "call local g", "lddw r2, code_addr(f)", "call local +9", "exit"
    ]  # fmt: skip


@given(st.lists(INSTRUCTIONS, min_size=1, max_size=12), st.data())
@settings(max_examples=200)
def test_disassembly_assembles_to_the_same_code(instructions, data):
    for at, one in enumerate(instructions):  # jumps that often land inside
        if "{off:target}" in form_of(one).c:
            instructions[at] = one._replace(off=data.draw(st.integers(-14, 14)))
    for style in DIALECTS.values():
        rows = disassemble(instructions, style._replace(helpers=True))
        text = "\n".join(f"{row.label}: {row.text}" if row.label else row.text for row in rows)
        again = assemble(f'.program p, "xdp"\n{text}').programs["p"].code
        assert [one.bare() for one in again.instructions] == instructions
