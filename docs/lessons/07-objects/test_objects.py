"""Tests for lesson 07. clang compiles the object; rawbpf's reader gives the expected result."""

import struct
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from rawbpf.elf.object import open_object
from tests.support.peers import peer

SOURCE = Path(__file__).parent / "count.bpf.c"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Compile count.bpf.c and return the path of the object."""
    target = tmp_path_factory.mktemp("lesson") / "count.bpf.o"
    clang = peer("clang-19", "clang")
    words = [clang, "-target", "bpf", "-O2", "-g", "-c", str(SOURCE), "-o", str(target)]
    subprocess.run(words, check=True)
    return target


@pytest.fixture
def data(path):
    return path.read_bytes()


@pytest.fixture
def objects(lesson):
    """Import objects.py from the folder under test."""
    spec = spec_from_file_location("objects", lesson / "objects.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def headers(data):
    """Return the offset, type, file offset and size of each section header."""
    (table,) = struct.unpack_from("<Q", data, 40)
    size, count = struct.unpack_from("<HH", data, 58)
    rows = range(table, table + count * size, size)
    return [(at, *struct.unpack_from("<4xI16xQQ", data, at)) for at in rows]


@pytest.mark.step(1)
def test_sections(objects, data):
    found, names = objects.sections(data)
    assert found[0] == (0, 0, b"")  # the first section is always empty
    assert b".strtab\0" in found[names].contents
    wanted = [(kind, data[at : at + size]) for _, kind, at, size in headers(data)]
    assert [(one.type, one.contents) for one in found] == wanted


@pytest.mark.step(1)
@pytest.mark.parametrize(
    ("offset", "what"), [(4, "32-bit"), (18, "of another machine"), (0, "text")]
)
def test_other_files_are_rejected(objects, data, offset, what):
    other = data[:offset] + b"\1" + data[offset + 1 :]
    try:
        objects.sections(other)
    except ValueError as error:
        said = str(error)
    else:
        pytest.fail(f"a file that is {what} has to raise a ValueError")
    assert "not a 64-bit BPF ELF" in said


@pytest.mark.step(1)
def test_a_section_of_type_nobits_has_no_contents(objects, data):
    number, (at, *_) = next(
        (number, row) for number, row in enumerate(headers(data)) if row[3]
    )  # the first section with contents becomes a section like .bss
    changed = data[: at + 4] + b"\x08" + data[at + 5 :]
    found, _ = objects.sections(changed)
    assert found[number].contents == b"", "a section of type NOBITS has no bytes in the file"


@pytest.mark.step(2)
def test_names(objects):
    table = b"\0socket\0license\0"
    assert objects.text_at(table, 1) == "socket"
    assert objects.text_at(table, 8) == "license"
    assert objects.text_at(table, 4) == "ket"  # names can share their final characters


@pytest.mark.step(2)
def test_sections_have_names(objects, data):
    found = objects.named(data)
    assert found["license"] == b"GPL\0"
    assert len(found["socket"]) % 8 == 0
    assert len(found[".maps"]) == 32


@pytest.mark.step(3)
def test_symbols_have_a_name_a_section_and_a_value(objects):
    table = bytes(24) + struct.pack("<IBBHQQ", 1, 0x12, 3, 4, 5, 6)
    assert objects.symbols(table, b"\0hits\0") == [
        objects.Symbol("", 0, 0), objects.Symbol("hits", 4, 5),
    ]  # fmt: skip


@pytest.mark.step(3)
def test_symbols(objects, data):
    found = objects.named(data)
    known = objects.symbols(found[".symtab"], found[".strtab"])
    assert len(known) == len(found[".symtab"]) // 24, "keep the unnamed symbols, too"
    by_name = {one.name: one for one in known}
    assert by_name["hits"].value == by_name["count"].value == 0
    assert by_name["hits"].section != by_name["count"].section


@pytest.mark.step(4)
def test_relocations_refer_to_symbols_by_index(objects):
    known = [objects.Symbol(name, 0, 0) for name in ("", "other", "hits")]
    table = struct.pack("<QQQQ", 8, 2 << 32 | 1, 32, 1 << 32 | 1)
    found = [(one.offset, one.symbol.name) for one in objects.relocations(table, known)]
    assert found == [(8, "hits"), (32, "other")], "the upper half of info is the index"


@pytest.mark.step(4)
def test_relocations(objects, data):
    found = objects.named(data)
    known = objects.symbols(found[".symtab"], found[".strtab"])
    (one,) = objects.relocations(found[".relsocket"], known)
    assert one.symbol.name == "hits"
    assert found["socket"][one.offset] == 0x18  # the 64-bit load


@pytest.mark.step(5)
def test_one_relocation_by_hand(objects):
    code = "b700000000000000 1802000000000000 0000000000000000 9500000000000000"
    one = objects.Relocation(8, objects.Symbol("hits", 5, 0))
    done = objects.apply(bytes.fromhex(code), one, 0x107)
    assert done.hex(" ", -8) == code.replace("1802000000000000", "1812000007010000")


@pytest.mark.step(5)
def test_linked_code_matches_rawbpf(objects, data):
    (program,) = open_object(data).programs.values()
    assert objects.link(data, "socket", {"hits": 9}) == program.code.encode(maps={"hits": 9})


def test_main(lesson, path):
    words = [sys.executable, lesson / "objects.py", path]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "needs the descriptor of hits" in done.stdout
    assert "18 11 00 00 07 00 00 00" in done.stdout
