"""Small objects and types that ask for enormous work: the result is an answer or an error.

They are read in a process with the limits of ``tests.support.bounds``.
"""

import subprocess
import sys
from contextlib import suppress

from rawbpf.asm.bytecode import Bytecode
from rawbpf.asm.instruction import CoreRelocation, Instruction, encode_all
from rawbpf.btf import types as t
from rawbpf.btf.btf import Btf
from rawbpf.core_relo import Targets, relocate
from rawbpf.elf import layout as elf
from rawbpf.elf.inventory import inventory
from rawbpf.elf.object import read_spec
from rawbpf.elf.read import ObjectFile
from rawbpf.errors import RawbpfError
from rawbpf.uapi.btf import bpf_core_relo_kind as k
from tests.fuzz.test_elf import file_of
from tests.support.bounds import run_bounded
from tests.support.btf_records import blob

CODE = elf.SHF_ALLOC | elf.SHF_EXECINSTR
MANY = 3000
LETTERS = b"\0f\0xdp\0.text\0.data.x\0.bss.x\0.BTF\0"
NAMES = (elf.SectionHeader(1, elf.SHT_STRTAB), LETTERS)
CALL, EXIT, ONE = Instruction(0x85, src=1, imm=-1), Instruction(0x95), Instruction(0xB7, imm=1)


def at(name):
    return LETTERS.index(b"\0" + name + b"\0") + 1


def section(name, *instructions):
    return elf.SectionHeader(at(name), elf.SHT_PROGBITS, CODE), encode_all(instructions)


def symbols(rows):
    """Encode symbols from rows (section, offset, whether it is a function)."""
    packed = [elf.SYMBOL.pack(at(b"f"), 0x11 + code, 0, n, value, 4) for n, value, code in rows]
    header = elf.SectionHeader(1, elf.SHT_SYMTAB, link=1, entry_size=elf.SYMBOL.size)
    return header, bytes(elf.SYMBOL.size) + b"".join(packed)


def objects():
    """Yield objects by name."""
    code = section(b"xdp", *[CALL, EXIT] * MANY)
    yield "functions", file_of(NAMES, code, symbols((2, 16 * i, 1) for i in range(MANY)))
    one = section(b"xdp", EXIT)
    yield "sections", file_of(NAMES, *[one] * MANY, symbols((2 + i, 0, 1) for i in range(MANY)))
    data = (elf.SectionHeader(at(b".data.x"), elf.SHT_PROGBITS, elf.SHF_ALLOC), b"1234")
    yield "data", file_of(NAMES, *[data] * MANY, symbols((2 + i, 0, 0) for i in range(MANY)))
    zero = (elf.SectionHeader(at(b".bss.x"), elf.SHT_NOBITS, elf.SHF_ALLOC, size=1 << 26), b"")
    yield "zeros", file_of(NAMES, *[zero] * MANY)
    yield "values", variables_that_mean_much()
    yield "reach", file_of(*programs_that_all_reach(9000, 110))
    yield "reach too much", file_of(*programs_that_all_reach(9000, 130))


def variables_that_mean_much():
    """Build variables of four bytes each, whose types contain half a million numbers."""
    unions = [t.Union("", 4, (t.Member("a", i, 0), t.Member("b", i, 0))) for i in range(1, 19)]
    variable, place = t.Var("f", 19, 1), t.DataSec(".data.x", 4, (t.SecVar(20, 0, 4),))
    btf = blob(t.Int("int", 4, 32), *unions, variable, place)
    data = (elf.SectionHeader(at(b".data.x"), elf.SHT_PROGBITS, elf.SHF_ALLOC), b"1234")
    types = (elf.SectionHeader(at(b".BTF"), elf.SHT_PROGBITS), btf)
    return file_of(NAMES, data, types, symbols((2, 0, 0) for _ in range(MANY)))


def programs_that_all_reach(length, count):
    """Build a function of ``length`` instructions that ``count`` programs call."""
    places = [(2, 0, 1), *((3, 16 * i, 1) for i in range(count))]
    notes = b"".join(elf.RELOCATION.pack(16 * i, 1 << 32 | 10) for i in range(count))
    header = elf.SectionHeader(1, elf.SHT_REL, link=4, info=3, entry_size=elf.RELOCATION.size)
    text = section(b".text", *[ONE] * (length - 1), EXIT)
    return NAMES, text, section(b"xdp", *[CALL, EXIT] * count), symbols(places), (header, notes)


def types():
    """Yield (the program's types, the kernel's types, records) by name."""
    integer = t.Int("int", 4, 32)
    tree = []  # functions with six pointers to functions with six pointers ...
    for depth in range(12):
        tree += [t.FuncProto(0, (t.Param("", 2 * depth + 2),) * 6), t.Ptr(2 * depth + 3)]
    tree = btf(*tree, integer, t.Typedef("f", 1))
    for kind in (k.BPF_CORE_TYPE_EXISTS, k.BPF_CORE_TYPE_MATCHES):
        yield kind.name, (tree, tree, [CoreRelocation(kind, len(tree) - 1, "0")])
    nested = [t.Struct("" if i else "s", 8, twice(i + 3)) for i in range(25)]
    nested = btf(integer, *nested, t.Struct("", 4, (t.Member("y", 1, 0),)))
    wanted = btf(integer, t.Struct("s", 8, (t.Member("x", 1, 0),)))
    yield "nameless structs", (wanted, nested, [CoreRelocation(k.BPF_CORE_FIELD_EXISTS, 2, "0:0")])
    members = [tuple(t.Member(f"{c}{i}", 1, 0) for i in range(1000)) for c in "ab"]
    records = [CoreRelocation(k.BPF_CORE_FIELD_EXISTS, 2, f"0:{i}") for i in range(1000)]
    here, there = (btf(integer, t.Struct("s", 8, one)) for one in members)
    yield "members", (here, there, records)
    yield "candidates", (here, btf(integer, *[t.Struct("s", 8, ())] * MANY), records)


def twice(type_id):
    return t.Member("", type_id, 0), t.Member("", type_id, 32)


def btf(*records):
    return Btf(blob(*records))


def open_one(data):
    with suppress(RawbpfError):
        file = ObjectFile(data)
        inventory(file, read_spec(file))


def relocate_one(case):
    here, there, records = case
    code = Bytecode("p", tuple(ONE._replace(relocation=one) for one in records))
    with suppress(RawbpfError):
        relocate(code, here, Targets(there))


def test_bombs_stay_within_limits():
    words = [sys.executable, "-m", "tests.fuzz.test_object_bombs"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "12\n")


if __name__ == "__main__":
    prepared = list(objects())
    open_one(prepared[0][1])
    cases = [(name, (open_one, data)) for name, data in prepared]
    cases += [(name, (relocate_one, case)) for name, case in types()]
    print(run_bounded(cases, lambda case: case[0](case[1])))
