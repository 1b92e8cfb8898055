"""Patches adjust the jumps and calls that cross them."""

import pytest

from rawbpf.errors import BytecodeError
from rawbpf.machine.machine import Machine
from rawbpf.verifier.patch import Patch, insert, replace
from tests.support.assembled import spec_of

LOOP = """
.program count, "socket"
        r0 = 0
        r6 = 0x100000000 ll
        r7 = 3
again:  r1 = r0
        call twice
        r7 += -1
        if r7 != 0 goto again
        exit
.function twice
        r1 += 1
        r0 = r1
        r0 += r0
        exit
"""


def code():
    return spec_of(LOOP).programs["count"].code


def run(program):
    return Machine(program, ()).run()


@pytest.mark.parametrize("slot", range(13))
def test_an_instruction_without_effect_changes_nothing_at_any_slot(slot):
    program = code()
    if slot == 2:
        with pytest.raises(BytecodeError):  # the second half of the 64-bit constant
            Patch("", (insert(slot, "r9 = 0"),)).apply(program)
        return
    patched = Patch("", (insert(slot, "r9 = 0", "r8 = 1 ll"),)).apply(program)
    assert patched.slots == program.slots + 3
    assert run(patched) == run(program)


def test_instructions_are_removed_and_replaced():
    program = code()
    twice = next(one.slot for one in program.functions if one.name == "twice")
    assert run(program) == 14
    assert run(Patch("", (replace(twice),)).apply(program)) == 0
    assert run(Patch("", (replace(3, "r7 = 1", "r9 = 0"),)).apply(program)) == 2


def test_slots_of_all_edits_are_those_of_the_original_program():
    patched = Patch("", (insert(0, "r9 = 0"), replace(3, "r7 = 1"))).apply(code())
    assert run(patched) == 2


def test_reference_and_source_move_with_an_instruction():
    spec = spec_of(
        '.map m, array, key=u32, value=u64, entries=1\n.program p, "socket"\n'
        " r0 = 0\n r1 = m ll\n exit"
    )
    program = spec.programs["p"].code
    patched = Patch("", (insert(0, "r9 = 0"),)).apply(program)
    assert patched.instructions[1:] == program.instructions
    assert patched.instructions[0].source == program.instructions[0].source


def test_an_unknown_slot():
    with pytest.raises(BytecodeError):
        Patch("", (insert(99, "r9 = 0"),)).apply(code())


def test_jumps_go_past_a_skipped_insertion():
    program = code()
    again = 4
    once = Patch("", (insert(again, "r0 += 100", skipped=True),)).apply(program)
    always = Patch("", (insert(again, "r0 += 100"),)).apply(program)
    assert run(once) == 14 + 800
    assert run(always) == 14 + 800 + 400 + 200


def test_a_skipped_insertion_at_a_function_belongs_to_the_previous_one():
    program = code()
    twice = next(one.slot for one in program.functions if one.name == "twice")
    patched = Patch("", (insert(twice, "exit", skipped=True),)).apply(program)
    assert patched.functions[1].slot == twice + 1
    assert run(patched) == 14
