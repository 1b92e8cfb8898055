"""LLVM agrees: its objects disassemble to its text, and its text assembles to its bytes.

One thing llvm-objdump writes cannot be read back, by anybody: a call of a function of the program
and a call of a helper are both ``call 5``. We write ``call pc+5`` for the first, as the kernel does
in its logs.
"""

import re
from collections import Counter
from functools import cache

import pytest

from rawbpf.asm.format import C, format_instruction
from rawbpf.asm.parse import parse_instruction, parse_statement
from rawbpf.asm.tokens import Line, tokenize
from rawbpf.elf.code import code_sections
from rawbpf.elf.read import ObjectFile
from tests.support.llvm import CASES, compile_c, objdump

every_case = pytest.mark.parametrize(("source", "cpu"), CASES)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """Return a function (source, cpu) that compiles an object, each one once."""
    folder = tmp_path_factory.mktemp("clang")
    return cache(lambda source, cpu: compile_c(source, cpu, folder))


@pytest.fixture(scope="module")
def listed(compiled):
    """Return a function (source, cpu, *options) for the output of llvm-objdump, run once each."""

    def listed(source, cpu, *options):
        # llvm-objdump uses w registers only if the CPU is given.
        known = [f"--mcpu={cpu}"] if cpu >= "v3" else []
        return objdump(compiled(source, cpu), *known, *options)

    return cache(listed)


@pytest.fixture(scope="module")
def sections(compiled):
    """Return a function (source, cpu) for the sections that our reader finds."""
    return cache(lambda *case: code_sections(ObjectFile(compiled(*case).read_bytes())))


def as_llvm(text):
    return re.sub(r"^call pc\+?", "call ", text)


def without_symbols(text):
    """Remove the second notation of a target: ``goto +4 <function+0x28>``."""
    return re.sub(r" <[\w.]+(\+0x[0-9a-f]+)?>$", "", text)


@every_case
@pytest.mark.parametrize("numbers", ["hex", "decimal"])
def test_disassembly_is_what_llvm_objdump_prints(source, cpu, numbers, listed, sections):
    style = C._replace(numbers=numbers, w=cpu >= "v3")
    lines = listed(source, cpu, *(["--no-print-imm-hex"] if numbers == "decimal" else []))
    code = (one for section in sections(source, cpu) for one in section.instructions)
    ours = [as_llvm(format_instruction(one, style)) for one in code]
    assert ours == [without_symbols(line.text) for line in lines]


@every_case
def test_the_text_of_llvm_objdump_assembles_to_the_same_bytes(source, cpu, listed):
    for line in listed(source, cpu):
        text = line.text
        if line.data[:2] == bytes([0x85, 0x10]):  # its text does not distinguish this call
            text = re.sub(r"^call \+?(-?)", lambda m: f"call pc{m[1] or '+'}", text)
        assert parse_instruction(text).encode() == line.data, line


@every_case
def test_sections_and_slots_are_those_of_llvm(source, cpu, listed, sections):
    ours = []
    for section in sections(source, cpu):
        slot = 0
        for one in section.instructions:
            ours.append((section.name, slot, one.encode()))
            slot += one.slots
    assert ours == [(line.section, line.slot, line.data) for line in listed(source, cpu)]


@every_case
def test_assembly_by_clang_is_read(source, cpu, sections, tmp_path):
    """Compare each line of clang -S by form, because it names functions and labels."""
    text = compile_c(source, cpu, tmp_path, "-S").read_text()
    lines = (Line("clang", at, line) for at, line in enumerate(text.splitlines(), 1))
    code = [line for line in lines if re.match(r"\t[^.#\s]", line.text)]
    parsed = Counter(parse_statement(line, tokenize(line)).form.opcode for line in code)
    instructions = (one for section in sections(source, cpu) for one in section.instructions)
    assert parsed == Counter(one.opcode for one in instructions)
