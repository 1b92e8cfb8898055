"""Shrinking of test cases, with an interpreter that is made wrong on purpose."""

from random import Random

import pytest

from rawbpf.asm import r0, r1, w0
from rawbpf.machine import arithmetic
from rawbpf.uapi import bpf_insn as isa
from tests.support.random_cases import run_machine
from tests.support.random_parts import Parts
from tests.support.random_program import Branch, Call, Group, Loop, Recipe, build
from tests.support.shrink import shrink


def outcome(recipe):
    return run_machine(build(recipe), recipe.value)


def test_a_case_shrinks_to_the_wrong_instruction(monkeypatch):
    right = arithmetic.TWO_OPERANDS[64][isa.BPF_XOR, 0]

    def differs(recipe):
        expected = outcome(recipe)
        with monkeypatch.context() as patch:
            patch.setitem(
                arithmetic.TWO_OPERANDS[64], (isa.BPF_XOR, 0), lambda dst, src: right(dst, src) ^ 1
            )
            return outcome(recipe) != expected

    parts = Parts(Random(5), frozenset())
    recipe = next(one for one in iter(parts.recipe, None) if differs(one) and len(one.parts) > 5)
    small = shrink(recipe, differs)
    assert len(small.parts) == 1
    assert "xor" in repr(small.parts)


@pytest.mark.parametrize(
    "part",
    [
        Branch(("jeq", r0, r0), (("xor", r0, 1),), (("mov", r1, 2),)),
        Branch(("jne", r0, r0), (("mov", r1, 2),), (("xor", r0, 1), ("mov", r1, 3))),
        Loop(3, (("mov", r1, 2), ("xor", r0, 1))),
        Call((("mov", w0, 2), ("xor", r0, 1))),
    ],
)
def test_nested_parts_shrink(part):
    noise = (("mov", r1, 7), Group((("mov", r1, 8), ("mov", r1, 9))))
    recipe = Recipe((*noise, part, *noise), bytes(160))
    small = shrink(recipe, lambda one: "xor" in repr(one))
    assert small.parts == (("xor", r0, 1),)
