"""Hypothesis strategies for instructions: every form, with operands at its corners and between."""

from __future__ import annotations

from hypothesis import strategies as st

from rawbpf.asm.form import Form
from rawbpf.asm.forms import FORMS
from rawbpf.asm.instruction import Instruction
from rawbpf.asm.opcode import LD_IMM64

REGISTERS = st.integers(0, 10)


def signed(bits: int) -> st.SearchStrategy[int]:
    """A signed number of so many bits, often one where something wraps."""
    edge = 1 << bits - 1
    corners = (0, 1, -1, 2, 7, 8, 31, 32, 63, 64, 127, 128, edge - 1, -edge, edge // 2)
    return st.sampled_from(corners) | st.integers(-edge, edge - 1)


def instructions_of(form: Form) -> st.SearchStrategy[Instruction]:
    """All instructions of one form."""
    fields = {
        "dst": REGISTERS if form.shows("dst") else st.just(0),
        "src": REGISTERS if form.shows("src") else st.just(form.src),
        "off": signed(16) if form.shows("off") else st.just(form.off),
        "imm": signed(32) if form.shows("imm") else st.just(form.imm),
    }
    if "{off:index}" in form.c:
        fields["off"] = st.integers(1, 0x7FFF)
    if form.opcode == LD_IMM64:
        low = signed(32).map(lambda value: value & 0xFFFF_FFFF)
        high = low if form.shows("high") or form.shows("imm") else st.just(0)
        fields["imm"] = st.tuples(low, high).map(lambda pair: pair[1] << 32 | pair[0])
    return st.builds(Instruction, st.just(form.opcode), **fields)


INSTRUCTIONS = st.sampled_from(FORMS).flatmap(instructions_of)
"""Any valid instruction."""
