"""Control-flow graphs of small programs, and properties for all programs."""

from pathlib import Path

import pytest

from rawbpf.asm.cfg import Edge, control_flow
from rawbpf.asm.instruction import Instruction
from rawbpf.errors import BytecodeError
from rawbpf.source.assembler import assemble, assemble_file

SOURCES = sorted((Path(__file__).parents[3] / "bpf_src").glob("*.bpf.s"))


def code(*lines):
    (program,) = assemble('.program p, "socket"\n' + "\n".join(lines) + "\n").programs.values()
    return program.code.instructions


def shown(*lines):
    return [(b.start, b.end, [tuple(e) for e in b.edges]) for b in control_flow(code(*lines))]


def test_one_block():
    assert shown("r0 = 0", "exit") == [(0, 2, [])]


def test_a_loop():
    assert shown("r1 = 5", "again:", "r1 += -1", "if r1 != 0 goto again", "r0 = 0", "exit") == [
        (0, 1, [(1, "falls")]),
        (1, 3, [(1, "taken"), (3, "falls")]),
        (3, 5, []),
    ]


def test_distances_count_both_slots_of_a_64_bit_load():
    assert shown("if r1 == 0 goto out", "r2 = 0x1122334455667788 ll", "out:", "exit") == [
        (0, 1, [(3, "taken"), (1, "falls")]),
        (1, 3, [(3, "falls")]),
        (3, 4, []),
    ]


@pytest.mark.parametrize("jump", ["goto", "gotol"])
def test_instructions_after_a_jump_are_not_reached(jump):
    assert shown(f"{jump} out", "r0 = 1", "out:", "exit") == [
        (0, 1, [(2, "jump")]),
        (1, 2, [(2, "falls")]),
        (2, 3, []),
    ]


def test_functions_are_separate_and_calls_return():
    lines = ["call f", "r0 += 1", "exit", ".function f", "r0 = 1", "exit"]
    blocks = control_flow(code(*lines))
    assert [(b.start, b.end, b.function, b.edges) for b in blocks] == [
        (0, 3, 0, ()),
        (3, 5, 3, ()),
    ]


def test_may_goto_has_two_edges_and_goto_register_has_none():
    may, anywhere, leave = Instruction(0xE5, off=1), Instruction(0x0D, dst=1), Instruction(0x95)
    first, second, third = control_flow([may, anywhere, leave])
    assert first.edges == (Edge(2, "taken"), Edge(1, "falls"))
    assert (second.edges, third.edges) == ((), ())


def test_a_jump_to_no_instruction_is_an_error():
    for distance in (7, -5):
        with pytest.raises(BytecodeError, match="no instruction starts at this slot"):
            control_flow([Instruction(0x05, off=distance), Instruction(0x95)])
    wide = Instruction(0x18, imm=1)
    with pytest.raises(BytecodeError, match="jump or call to slot 2"):
        control_flow([Instruction(0x05, off=1), wide, Instruction(0x95)])


def test_an_empty_program_has_no_blocks():
    assert control_flow([]) == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_blocks_cover_every_instruction_once(path):
    for program in assemble_file(path).programs.values():
        instructions = program.code.instructions
        blocks = control_flow(instructions)
        assert [b.start for b in blocks[1:]] == [b.end for b in blocks[:-1]]
        assert (blocks[0].start, blocks[-1].end) == (0, program.code.slots)
        starts = {block.start for block in blocks}
        assert all(edge.target in starts for block in blocks for edge in block.edges)
