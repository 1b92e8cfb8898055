"""Files that take many times their size once they are parsed: each command uses at most 200 MB."""

import struct
import subprocess
import sys

import pytest

from rawbpf.asm.instruction import Instruction, encode_all
from rawbpf.btf import types as t
from rawbpf.elf import layout as elf
from tests.fuzz.test_elf import file_of
from tests.fuzz.test_object_bombs import NAMES, at, section, symbols
from tests.support.btf_records import blob

MOST = 200  # MB
SIZES = (31 << 20, 1 << 21, 1 << 20)
"""Just below the limit of a file, of the instructions in a file, and of assembly."""
ONE, EXIT = Instruction(0xB7, imm=1), Instruction(0x95)


def code(size):
    return encode_all([ONE]) * (size // 8 - 2) + encode_all([EXIT])


def types(size):
    """Return BTF with as many pointers as fit."""
    one = blob(t.Int("int", 4, 32))
    head = list(struct.unpack_from("<HBBIIIII", one))
    begin, names = head[3] + head[5], one[head[3] + head[6] :]
    records = one[begin - head[5] + head[4] :][: head[5]]
    records += struct.pack("<III", 0, 2 << 24, 1) * ((size - 100) // 12)
    head[5] = head[6] = len(records)
    return struct.pack("<HBBIIIII", *head) + records + names


def large_object(size):
    """Return an object with a section of code of this size."""
    header, _ = section(b"xdp", EXIT)
    return file_of(NAMES, (header, code(size)), symbols([(2, 0, 1)]))


def many_symbols(size):
    one = elf.SYMBOL.pack(at(b"f"), 0x12, 0, 2, 0, 8)
    header = elf.SectionHeader(1, elf.SHT_SYMTAB, link=1, entry_size=elf.SYMBOL.size)
    return file_of(NAMES, section(b"xdp", EXIT), (header, bytes(24) + one * (size // 24)))


def many_relocations(size):
    header = elf.SectionHeader(1, elf.SHT_REL, link=3, info=2, entry_size=elf.RELOCATION.size)
    notes = elf.RELOCATION.pack(0, 1 << 32 | 10) * (size // 16)
    return file_of(NAMES, section(b"xdp", EXIT), symbols([(2, 0, 1)]), (header, notes))


def assembly(size):
    return b'.program p, "xdp"\n' + b" r0 = 1\n" * (size // 8 - 8) + b" exit\n"


FILES = {
    "code": (code, ["disasm", "run-local"]),
    "hex": (lambda size: code(size // 2).hex().encode(), ["disasm"]),
    "types": (types, ["btf dump"]),
    "object": (large_object, ["inspect", "disasm", "relocate"]),
    "symbols": (many_symbols, ["inspect", "disasm", "relocate"]),
    "relocations": (many_relocations, ["inspect", "disasm", "relocate"]),
    "assembly": (assembly, ["asm -o /dev/null"]),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", FILES)
def test_large_files(name, size, tmp_path):
    make, commands = FILES[name]
    path = tmp_path / "large"
    path.write_bytes(make(size))
    assert {words: peak(*words.split(), str(path)) for words in commands} == dict.fromkeys(commands)


@pytest.mark.parametrize("words", ["relocate", "inspect", "load", "verify", "disasm", "asm",
                                   "run-local", "btf dump"])  # fmt: skip
def test_endless_files(words):
    assert peak(*words.split(), "/dev/zero") is None


def test_large_executables(tmp_path):
    """An executable of 300 MB is searched piece by piece, over the borders of pieces as well."""
    path, inside = tmp_path / "large", many_symbols(10_000)
    with path.open("wb") as file:
        file.write(b"\x7fELF\x02\x01" + bytes(12) + b"\x3e\0")
        for place in ((1 << 20) - 3, 299 << 20):
            file.seek(place)
            file.write(inside)
    assert peak("inspect", str(path), wanted=0) is None


MEASURE = """
import resource, subprocess, sys
null = subprocess.DEVNULL
done = subprocess.run(sys.argv[1:], stdout=null, stderr=null)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10)
"""
"""The peak of a child includes that of the process it was forked from, so a small one forks it."""


def peak(*words, wanted=None):
    """Run a command; return the MB that it used if they are too many, None otherwise."""
    argv = [sys.executable, "-c", MEASURE, sys.executable, "-m", "rawbpf", *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    status, used = map(int, done.stdout.split())
    assert status in ((0, 1, 2) if wanted is None else (wanted,))
    return used if used > MOST else None
