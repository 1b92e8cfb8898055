"""Tests for lesson 08. clang compiles both files; rawbpf gives the expected relocations."""

import struct
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from rawbpf.btf.btf import Btf
from rawbpf.core_relo import Targets, relocate
from rawbpf.elf.object import open_object
from rawbpf.elf.read import ObjectFile
from tests.support.peers import peer

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """Compile task.bpf.c and kernel.c, and return the paths of both objects."""
    folder = tmp_path_factory.mktemp("lesson")
    found = []
    for name in ("task.bpf.c", "kernel.c"):
        target = folder / name.replace(".c", ".o")
        words = [peer("clang-19", "clang"), "-target", "bpf", "-O2", "-g", "-c"]
        subprocess.run([*words, str(HERE / name), "-o", str(target)], check=True)
        found.append(target)
    return found


@pytest.fixture
def program(compiled):
    return compiled[0].read_bytes()


@pytest.fixture
def kernel(compiled):
    """Return the BTF from kernel.c."""
    return ObjectFile(compiled[1].read_bytes()).section(".BTF").contents


@pytest.fixture
def core(lesson):
    """Import core.py from the folder under test."""
    spec = spec_from_file_location("core", lesson / "core.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def btf_of(program):
    return ObjectFile(program).section(".BTF").contents


@pytest.mark.step(1)
def test_offsets_are_measured_from_the_end_of_the_header(core):
    header = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 28, 4, 8, 16, 3)
    btf = header + b"...." + b"----" + b"TTTTTTTT" + b"||||" + b"SSS" + b"the end"
    assert core.sections_of(btf) == (b"TTTTTTTT", b"SSS")


@pytest.mark.step(1)
def test_header(core, kernel):
    types, strings = core.sections_of(kernel)
    assert (len(types) % 4, strings[0], strings[-1]) == (0, 0, 0)
    assert b"\0column\0" in strings


@pytest.mark.step(2)
def test_each_kind_has_its_length(core):
    """Types of all kinds are found, although a FUNC's count is not the number of its entries."""
    types = b"".join(
        struct.pack("<III", 1, kind << 24 | count, 4) + bytes(more)
        for kind, count, more in [
            (1, 0, 4), (2, 0, 0), (3, 0, 12), (4, 2, 24), (5, 1, 12), (6, 3, 24), (7, 1, 0),
            (12, 1, 0), (13, 2, 16), (14, 0, 4), (15, 2, 24), (17, 0, 4), (19, 1, 12),
            (0x84, 1, 12),
        ]
    )  # fmt: skip
    header = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), 3)
    found = core.types_of(header + types + b"\0x\0")
    kinds = [0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 17, 19, 4]
    assert [one.kind for one in found] == kinds
    assert [len(one.members) for one in found if one.kind in (4, 5)] == [2, 1, 1]


@pytest.mark.step(2)
def test_types(core, kernel):
    types = core.types_of(kernel)
    assert types[0] == (0, "void", [])
    assert len(types) == len(Btf(kernel))
    (task,) = [one for one in types if one.name == "task"]
    assert task.kind == core.STRUCT
    assert [(one.name, one.offset) for one in task.members] == [
        ("state", 0),
        ("name", 8),
        ("at", 24),
        ("pid", 40),
    ]
    at = task.members[2]
    assert types[at.type].name == "place"


@pytest.mark.step(3)
def test_records_of_one_section_among_others(core):
    rows = struct.pack("<IIII", 8, 2, 9, 0), struct.pack("<IIII", 16, 3, 9, 0)
    strings = b"\0one\0two\x000:1\0"
    table = struct.pack("<I", 16) + struct.pack("<II", 1, 2) + b"".join(rows)
    table += struct.pack("<II", 5, 1) + struct.pack("<IIII", 24, 4, 9, 0)
    header = struct.pack("<HBBIIIIIII", 0xEB9F, 1, 0, 32, 0, 4, 4, 4, 8, len(table))
    ext = header + bytes(8) + table + struct.pack("<II", 5, 1) + bytes(16)
    assert core.records_of(ext, strings, "one") == [(8, 2, "0:1"), (16, 3, "0:1")]
    assert core.records_of(ext, strings, "two") == [(24, 4, "0:1")]


@pytest.mark.step(3)
def test_records(core, program):
    ext = ObjectFile(program).section(".BTF.ext").contents
    types, strings = core.types_of(btf_of(program)), core.sections_of(btf_of(program))[1]
    records = core.records_of(ext, strings, "socket")
    assert [types[one.type].name for one in records] == ["task", "task"]
    assert {one.access for one in records} == {"0:1", "0:2:1"}
    assert {one.offset % 8 for one in records} == {0}
    assert core.records_of(ext, strings, "xdp") == []


@pytest.mark.step(4)
def test_follow_gives_names_and_offset(core, program):
    types = core.types_of(btf_of(program))
    task = next(number for number, one in enumerate(types) if one.name == "task")
    assert core.follow(types, core.Record(0, task, "0:1")) == (["pid"], 4)
    assert core.follow(types, core.Record(0, task, "0:2:1")) == (["at", "column"], 12)
    assert core.follow(types, core.Record(0, task, "0")) == ([], 0)


@pytest.mark.step(5)
def test_find_gives_the_offset_in_the_kernel(core, kernel):
    types = core.types_of(kernel)
    assert core.find(types, "task", ["pid"]) == 40
    assert core.find(types, "task", ["at", "column"]) == 32
    assert core.find(types, "task", []) == 0
    assert core.find(types, "task", ["flags"]) is None
    assert core.find(types, "inode", ["pid"]) is None
    assert core.find(types, "inode", []) is None


@pytest.mark.step(6)
def test_patch_changes_the_offset_only(core):
    code = bytes.fromhex("b7 00 00 00 00 00 00 00 61 10 04 00 00 00 00 00")
    done = core.patch(code, 8, 4, 40)
    assert done.hex(" ", 8) == "b700000000000000 6110280000000000"
    assert core.patch(code, 8, 4, 0x1234).hex(" ", 8) == "b700000000000000 6110341200000000"
    try:
        core.patch(code, 8, 5, 40)
    except ValueError:
        return
    pytest.fail("the instruction has offset 4, not 5: raise a ValueError")


def test_relocated_code_matches_rawbpf(core, program, kernel):
    spec = open_object(program)
    (one,) = spec.programs.values()
    expected = relocate(one.code, spec.btf, Targets(Btf(kernel))).code.encode()
    assert core.relocate(program, kernel, "socket") == expected


def test_a_missing_field_is_an_error(core, program, kernel):
    poor = kernel.replace(b"\0pid\0", b"\0did\0")
    with pytest.raises(LookupError, match="no task::pid"):
        core.relocate(program, poor, "socket")


def test_main(lesson, compiled):
    words = [sys.executable, lesson / "core.py", *compiled]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    before, after = [], []
    for line in done.stdout.splitlines():
        old, arrow, new = line.partition("  ->  ")
        if arrow:
            before.append(struct.unpack_from("<h", bytes.fromhex(old), 2)[0])
            after.append(struct.unpack_from("<h", bytes.fromhex(new), 2)[0])
    assert (sorted(before), sorted(after)) == ([4, 12], [32, 40])
