"""Hypothesis strategies for instructions of every form, with boundary and random operands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from rawbpf.asm.forms import FORMS
from rawbpf.asm.instruction import LD_IMM64, Instruction

if TYPE_CHECKING:
    from rawbpf.asm.form import Form

REGISTERS = st.integers(0, 10)


def signed(bits: int) -> st.SearchStrategy[int]:
    """Generate signed numbers of this width, often near the values where they wrap."""
    edge = 1 << bits - 1
    corners = (0, 1, -1, 2, 7, 8, 31, 32, 63, 64, 127, 128, edge - 1, -edge, edge // 2)
    return st.sampled_from(corners) | st.integers(-edge, edge - 1)


def instructions_of(form: Form) -> st.SearchStrategy[Instruction]:
    """Generate all instructions of one form."""
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
    # builds() would generate metadata from the annotations.
    metadata = dict.fromkeys(("reference", "source", "relocation"), st.none())
    return st.builds(Instruction, st.just(form.opcode), **fields, **metadata)


def corners_of(form: Form) -> list[Instruction]:
    """Return a few instructions of one form with operands at their limits."""
    found = []
    for dst, src, off, imm in (
        (0, 1, 0, 0),
        (10, 0, -1, -1),
        (3, 10, (1 << 15) - 1, (1 << 31) - 1),
        (7, 7, -(1 << 15), -(1 << 31)),
        (1, 2, 8, 1 << 16),
    ):
        low, high = imm & 0xFFFF_FFFF, (imm ^ 0x5555_5555) & 0xFFFF_FFFF
        wide = low | (high << 32 if form.shows("high") or form.shows("imm") else 0)
        index = "{off:index}" in form.c
        one = Instruction(
            form.opcode,
            dst if form.shows("dst") else 0,
            src if form.shows("src") else form.src,
            (abs(off) & 0x7FFF or 1) if index else off if form.shows("off") else form.off,
            wide if form.opcode == LD_IMM64 else imm if form.shows("imm") else form.imm,
        )
        found.append(one)
    return found


INSTRUCTIONS = st.sampled_from(FORMS).flatmap(instructions_of)
"""Generate any valid instruction."""
