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


FIELDS = pytest.mark.parametrize(
    ("data", "fields"),
    [
        ("b7 01 00 00 64 00 00 00", (0xB7, 1, 0, 0, 100)),
        ("0f 10 00 00 00 00 00 00", (0x0F, 0, 1, 0, 0)),
        ("07 01 00 00 ff ff ff ff", (0x07, 1, 0, 0, -1)),
        ("05 00 fc ff 00 00 00 00", (0x05, 0, 0, -4, 0)),
        ("61 a9 f8 ff 00 00 00 00", (0x61, 9, 10, -8, 0)),
    ],
)


@pytest.mark.step(1)
@FIELDS
def test_decode(bytecode, data, fields):
    assert tuple(bytecode.decode(bytes.fromhex(data))) == fields


@pytest.mark.step(2)
@FIELDS
def test_encode(bytecode, data, fields):
    assert bytecode.encode(bytecode.Instruction(*fields)).hex(" ") == data


@pytest.mark.step(2)
def test_a_value_too_large_for_its_field_is_an_error(bytecode):
    with pytest.raises(struct.error):
        bytecode.encode(bytecode.Instruction(0xB7, 0, 0, 1 << 15, 0))


@pytest.mark.step(3)
def test_instructions_maps_slots_to_instructions(bytecode):
    b = Builder("wide")
    b.lddw(r1, 0x1122334455667788)
    b.lddw(r2, -2)
    b.lddw(r0, 0x1_8000_0000)  # the highest bit of the lower half is set
    b.exit()
    found = bytecode.instructions(b.build().encode())
    assert list(found) == [0, 2, 4, 6], "a 64-bit constant takes two slots"
    constants = [hex(found[slot].imm & (1 << 64) - 1) for slot in (0, 2, 4)]
    assert constants == ["0x1122334455667788", "0xfffffffffffffffe", "0x180000000"]
    assert list(bytecode.instructions(SUM)) == [0, 1, 2, 3, 4, 5, 6]


@pytest.fixture
def program():
    """Build a program that contains every instruction covered by the lesson."""
    b = Builder("each")
    for operation in (b.mov, b.add, b.sub, b.mul, b.or_, b.and_, b.xor):
        operation(r1, 7)
        operation(r2, r1)
    b.mov(r1, -7)
    for jump in (b.jeq, b.jne, b.jgt, b.jlt):
        jump(r1, -1, "out")
        jump(r2, r1, "out")
    b.ja("out")
    b.lddw(r0, 0xFFFF_FFFF_FFFF)
    b.label("out")
    b.exit()
    return b.build()


@pytest.mark.step(4)
def test_disassembly_matches_rawbpf(bytecode, program):
    mine = [bytecode.disassemble(one) for one in bytecode.instructions(program.encode()).values()]
    assert mine == [format_instruction(one) for one in program.instructions]


@pytest.mark.step(5)
def test_the_sum(bytecode):
    assert bytecode.run(SUM) == 5050


def encoded(*emit):
    """Return the bytes of a program, to which each function adds an instruction."""
    b = Builder("case")
    for one in emit:
        one(b)
    b.exit()
    return b.build().encode()


@pytest.mark.step(5)
def test_imm_is_sign_extended(bytecode):
    code = encoded(lambda b: b.mov(r0, -1))
    assert hex(bytecode.run(code)) == hex(2**64 - 1), "sign-extend imm -1 to 64 bits"


@pytest.mark.step(5)
def test_comparisons_use_all_64_bits(bytecode):
    code = encoded(
        lambda b: b.mov(r0, 1),
        lambda b: b.lddw(r1, 2**64 - 1),
        lambda b: b.jeq(r1, -1, "out"),
        lambda b: b.mov(r0, 0),
        lambda b: b.label("out"),
    )
    assert bytecode.run(code) == 1, "after r1 = 2**64 - 1, the jump `if r1 == -1` was not taken"


@pytest.mark.step(5)
def test_a_64_bit_constant_takes_two_slots(bytecode):
    code = encoded(lambda b: b.lddw(r0, -2))
    assert bytecode.run(code) == 2**64 - 2


@pytest.mark.step(5)
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


@pytest.mark.step(5)
def test_an_endless_program_is_stopped(bytecode):
    with pytest.raises(TimeoutError):
        bytecode.run(bytes.fromhex("05 00 ff ff 00 00 00 00"))


@pytest.mark.step(5)
def test_the_limit_counts_instructions(bytecode):
    try:
        assert bytecode.run(SUM, limit=404) == 5050
    except TimeoutError as error:
        raise AssertionError("the sum ends after 404 instructions, the limit was 404") from error
    with pytest.raises(TimeoutError):
        pytest.fail(f"r0 = {bytecode.run(SUM, limit=403)} after more than 403 instructions")


def test_main(lesson):
    words = [sys.executable, lesson / "bytecode.py", lesson.parent / "sum.hex"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = [format_instruction(one) for one in decode_all(SUM)]
    assert [line[5:] for line in done.stdout.splitlines()[:-1]] == text
    assert done.stdout.endswith("r0 = 5050\n")
