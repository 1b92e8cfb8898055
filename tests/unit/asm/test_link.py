"""Linking functions to programs, and splitting them again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.asm import Builder, r0, r1
from rawbpf.asm.bytecode import Bytecode
from rawbpf.asm.instruction import Instruction, Reference
from rawbpf.asm.link import callee, link, split
from rawbpf.errors import BytecodeError

CALL, ADDRESS, LEAVE = Instruction(0x85, src=1), Instruction(0x18, 1, 4), Instruction(0x95)


def unit(name, *calls):
    """Return a function that calls others, with 64-bit loads so that slots and indices differ."""
    instructions = []
    for called in calls:
        instructions.append(Instruction(0x18, 2, 0, 0, len(called)))
        instructions.append(CALL._replace(reference=Reference("function", called)))
    return Bytecode(name, (*instructions, LEAVE))


def called(program):
    """Return the functions that the calls of a linked program lead to."""
    names = {function.slot: function.name for function in program.functions}
    targets = (callee(one, program.slot_of(at)) for at, one in enumerate(program.instructions))
    return [names[target] for target in targets if target is not None]


def test_each_function_is_linked_once_in_order_of_calls():
    functions = {one.name: one for one in (unit("a", "b"), unit("b", "a", "c"), unit("c"))}
    linked = link(unit("main", "b", "a", "b"), functions)
    assert [function.name for function in linked.functions] == ["main", "b", "a", "c"]
    assert called(linked) == ["b", "a", "b", "a", "c", "b"]
    assert linked.references == {}


def test_unused_functions_are_not_linked():
    linked = link(unit("main", "a"), {"a": unit("a"), "unused": unit("unused")})
    assert [function.name for function in linked.functions] == ["main", "a"]


def test_the_address_of_a_function_is_a_distance():
    main = Bytecode("main", (ADDRESS._replace(reference=Reference("function", "f")), LEAVE))
    linked = link(main, {"f": unit("f")})
    assert linked.instructions[0].imm == 2
    assert called(linked) == ["f"]


def test_references_to_maps_move_with_their_instructions():
    f = Builder("f")
    f.ld_map_fd(r1, "events")
    f.exit()
    linked = link(unit("main", "f"), {"f": f.build()})
    assert linked.references == {3: Reference("map", "events")}


def test_an_error_for_a_missing_function_names_its_caller():
    with pytest.raises(BytecodeError, match="no function 'gone': called at main"):
        link(unit("main", "gone"), {})


@given(st.lists(st.lists(st.integers(0, 4), max_size=3), min_size=5, max_size=5))
def test_split_undoes_link(graph):
    units = [unit(f"f{at}", *(f"f{to}" for to in row)) for at, row in enumerate(graph)]
    functions = {one.name: one for one in units}
    linked = link(unit("main", "f0"), functions)
    main, *others = split(linked)
    assert main.instructions == unit("main", "f0").instructions
    for one in others:
        assert one.instructions == functions[one.name].instructions
    assert link(main, {one.name: one for one in others}) == linked


def test_split_of_a_program_made_by_the_builder():
    b = Builder("main")
    b.call_local("f")
    b.exit()
    b.function("f")
    b.mov(r0, 1)
    b.exit()
    main, f = split(b.build())
    assert (main.name, len(main.instructions), f.name, len(f.instructions)) == ("main", 2, "f", 2)
    assert main.references == {0: Reference("function", "f")}
