"""Tests for lesson 07. clang compiles the object; rawbpf's reader gives the expected result."""

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


def test_sections(objects, data):
    found, names = objects.sections(data)
    assert found[0] == (0, 0, b"")  # the first section is always empty
    assert b".strtab\0" in found[names].contents
    with pytest.raises(ValueError, match="not a 64-bit BPF ELF"):
        objects.sections(b"\x7fELF\x01" + bytes(60))


def test_names(objects):
    table = b"\0socket\0license\0"
    assert objects.text_at(table, 1) == "socket"
    assert objects.text_at(table, 8) == "license"
    assert objects.text_at(table, 4) == "ket"  # names can share their final characters


def test_sections_have_names(objects, data):
    found = objects.named(data)
    assert found["license"] == b"GPL\0"
    assert len(found["socket"]) % 8 == 0
    assert len(found[".maps"]) == 32


def test_symbols(objects, data):
    found = objects.named(data)
    known = objects.symbols(found[".symtab"], found[".strtab"])
    by_name = {one.name: one for one in known}
    assert by_name["hits"].value == by_name["count"].value == 0
    assert by_name["hits"].section != by_name["count"].section


def test_relocations(objects, data):
    found = objects.named(data)
    known = objects.symbols(found[".symtab"], found[".strtab"])
    (one,) = objects.relocations(found[".relsocket"], known)
    assert one.symbol.name == "hits"
    assert found["socket"][one.offset] == 0x18  # the 64-bit load


def test_one_relocation_by_hand(objects):
    code = bytes.fromhex("b7 00 00 00 00 00 00 00 18 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00")
    one = objects.Relocation(8, objects.Symbol("hits", 5, 0))
    done = objects.apply(code, one, 7)
    assert done[:8] == code[:8]
    assert done[8:].hex(" ", 8) == "1811000007000000 0000000000000000"


def test_linked_code_matches_rawbpf(objects, data):
    (program,) = open_object(data).programs.values()
    assert objects.link(data, "socket", {"hits": 9}) == program.code.encode(maps={"hits": 9})


def test_main(lesson, path):
    words = [sys.executable, lesson / "objects.py", path]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "needs the descriptor of hits" in done.stdout
    assert "18 11 00 00 07 00 00 00" in done.stdout
