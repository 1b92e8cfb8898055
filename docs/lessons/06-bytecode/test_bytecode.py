"""Tests for lesson 06. The tests compare your code with rawbpf's tools and do not need a kernel."""

import struct
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from rawbpf.asm import Builder, r0, r1, r2
from rawbpf.asm.decode import decode_all
from rawbpf.asm.format import format_instruction
from rawbpf.machine.machine import Machine

SUM = bytes.fromhex((Path(__file__).parent / "sum.hex").read_text())


@pytest.fixture
def bytecode(lesson):
    """Import bytecode.py from the folder under test."""
    spec = spec_from_file_location("bytecode", lesson / "bytecode.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ("b7 01 00 00 64 00 00 00", (0xB7, 1, 0, 0, 100)),
        ("0f 10 00 00 00 00 00 00", (0x0F, 0, 1, 0, 0)),
        ("07 01 00 00 ff ff ff ff", (0x07, 1, 0, 0, -1)),
        ("05 00 fc ff 00 00 00 00", (0x05, 0, 0, -4, 0)),
        ("61 a9 f8 ff 00 00 00 00", (0x61, 9, 10, -8, 0)),
    ],
)
def test_decode_and_encode(bytecode, data, fields):
    data = bytes.fromhex(data)
    assert tuple(bytecode.decode(data)) == fields
    assert bytecode.encode(bytecode.Instruction(*fields)) == data


def test_a_value_too_large_for_its_field_is_an_error(bytecode):
    with pytest.raises(struct.error):
        bytecode.encode(bytecode.Instruction(0xB7, 0, 0, 1 << 15, 0))


def test_instructions_maps_slots_to_instructions(bytecode):
    b = Builder("wide")
    b.lddw(r1, 0x1122334455667788)
    b.lddw(r2, -2)
    b.exit()
    found = bytecode.instructions(b.build().encode())
    assert list(found) == [0, 2, 4]
    assert found[0].imm == 0x1122334455667788
    assert found[2].imm & (1 << 64) - 1 == (1 << 64) - 2
    assert list(bytecode.instructions(SUM)) == [0, 1, 2, 3, 4, 5, 6]


@pytest.fixture
def program():
    """Build a program that contains every instruction covered by the lesson."""
    b = Builder("each")
    for operation in (b.mov, b.add, b.sub, b.mul, b.or_, b.and_, b.xor):
        operation(r1, 7)
        operation(r2, r1)
    for jump in (b.jeq, b.jne, b.jgt, b.jlt):
        jump(r1, -1, "out")
        jump(r2, r1, "out")
    b.ja("out")
    b.lddw(r0, 0xFFFF_FFFF_FFFF)
    b.label("out")
    b.exit()
    return b.build()


def test_disassembly_matches_rawbpf(bytecode, program):
    mine = [bytecode.disassemble(one) for one in bytecode.instructions(program.encode()).values()]
    assert mine == [format_instruction(one) for one in program.instructions]


def test_the_sum(bytecode):
    assert bytecode.run(SUM) == 5050


def test_result_matches_rawbpfs_interpreter(bytecode):
    b = Builder("mix")
    b.lddw(r0, 0xFFFF_FFFF_FFFF_FFF0)
    b.mov(r1, -5)
    b.label("again")
    b.mul(r0, r1)
    b.xor(r0, 0x1234)
    b.add(r1, 1)
    b.jlt(r1, 3, "out")
    b.jne(r1, 0, "again")
    b.label("out")
    b.sub(r0, r1)
    b.exit()
    program = b.build()
    assert bytecode.run(program.encode()) == Machine(program).run()


def test_an_endless_program_is_stopped(bytecode):
    with pytest.raises(TimeoutError, match="still running"):
        bytecode.run(bytes.fromhex("05 00 ff ff 00 00 00 00"))


def test_main(lesson):
    words = [sys.executable, lesson / "bytecode.py", lesson.parent / "sum.hex"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = [format_instruction(one) for one in decode_all(SUM)]
    assert [line[5:] for line in done.stdout.splitlines()[:-1]] == text
    assert done.stdout.endswith("r0 = 5050\n")
