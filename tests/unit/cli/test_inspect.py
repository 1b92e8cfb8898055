"""``rawbpf inspect``: its output, compared with llvm-readelf."""

import json
import re
from pathlib import Path

import pytest

from rawbpf.cli.main import main
from rawbpf.elf.write import encode_object
from rawbpf.source.assembler import assemble
from tests.support.bpf_objects import CLANGS, SOURCES, build
from tests.support.clang import compile_object
from tests.support.llvm import run as llvm

NAMES = sorted(path.name.removesuffix(".bpf.c") for path in SOURCES.glob("*.bpf.c"))

SMALL = encode_object(
    assemble("""
    .map hits, hash, key=u32, value=u64, entries=64
    .rodata
    limit: .word 7
    .license "GPL"
    .program first, "xdp"
    r1 = hits ll
    r2 = limit ll
    r0 = 0
    exit
""")
)


def inspect(capsys, *words):
    status = main(["inspect", *map(str, words)])
    out, err = capsys.readouterr()
    return status, out, err


def rows(capsys, path):
    status, out, _ = inspect(capsys, path, "--json")
    assert status == 0
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize("clang", CLANGS)
@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_llvm_readelf(capsys, name, clang):
    path = build(name, clang)
    (ours,) = rows(capsys, path)
    (theirs,) = json.loads(
        llvm("llvm-readelf", "--elf-output-style=JSON", "-S", "-s", "-r", str(path))
    )
    sections = [one["Section"] for one in theirs["Sections"]]
    assert [(one["name"], one["size"]) for one in ours["sections"]] == [
        (one["Name"]["Name"], one["Size"]) for one in sections
    ]
    assert relocations_of(ours) == relocations_of_llvm(theirs, sections)
    symbols = [one["Symbol"] for one in theirs["Symbols"]]
    functions = {
        one["Name"]["Name"]: one["Section"]["Name"]
        for one in symbols
        if one["Type"]["Name"] == "Function" and one["Binding"]["Name"] == "Global"
    }
    programs = {one["name"]: ("?" * one["optional"]) + one["section"] for one in ours["programs"]}
    assert programs == {n: place for n, place in functions.items() if place != ".text"}
    objects = {
        (one["Name"]["Name"], one["Section"]["Name"], one["Value"], one["Size"])
        for one in symbols
        if one["Type"]["Name"] == "Object"
    }
    for one in ours["globals"]:
        assert (one["name"], one["section"], one["offset"], one["size"]) in objects
    assert {one["name"] for one in ours["maps"]} == {n for n, s, *_ in objects if s == ".maps"}
    undefined = {s["Name"]["Name"] for s in symbols if s["Section"]["Name"] == "Undefined"}
    assert {one["name"] for one in ours["externs"]} == undefined - {""}


def relocations_of(ours):
    return [(one["section"], one["offset"], one["type"]) for one in ours["relocations"]]


def relocations_of_llvm(theirs, sections):
    about = {one["Index"]: sections[one["Info"]]["Name"]["Name"] for one in sections}
    found = [
        (table["SectionIndex"], one["Relocation"])
        for table in theirs["Relocations"]
        for one in table["Relocs"]
    ]
    by_section = {one["Name"]["Name"]: one["Index"] for one in sections}
    return sorted(
        ((about[n], one["Offset"], one["Type"]["Name"]) for n, one in found),
        key=lambda row: by_section[row[0]],
    )


def test_text(capsys, tmp_path):
    path = tmp_path / "small.o"
    path.write_bytes(SMALL)
    status, out, _ = inspect(capsys, path)
    assert status == 0
    assert (
        re.sub(r"\d+ bytes", "N bytes", out)
        == """\
N bytes, 10 sections, licence 'GPL'

PROGRAM  SECTION  TYPE  ATTACH TYPE  KERNEL  SLOTS  FUNCTIONS  CO-RE
first    xdp      xdp   xdp             4.8      6          0      0

MAP   TYPE  KEY      VALUE    ENTRIES  FLAGS  HOLDS
hits  hash  u32 (4)  u64 (8)       64  -      -

GLOBAL  SECTION  OFFSET  SIZE  TYPE  VALUE
limit   .rodata       0     4  u32   7

RELOCATED    AT  TYPE         SYMBOL
xdp         0x0  R_BPF_64_64  hits
xdp        0x10  R_BPF_64_64  limit

BTF: 19 types (5 ptr, 4 int, 2 func_proto, 2 array, 2 var, 2 datasec, 1 struct, 1 func); \
for code: 1 function, 4 lines, 0 CO-RE relocations
"""
    )


def test_objects_inside_an_executable(capsys, tmp_path):
    other = encode_object(assemble('.program second, "tc"\nr0 = 0\nexit'))
    path = tmp_path / "tool"
    program = Path("/bin/true").read_bytes()
    path.write_bytes(program + SMALL + b"\x7fELF\x02 and so on" + other + b"more")
    found = rows(capsys, path)
    assert [[p["name"] for p in one["programs"]] for one in found] == [["first"], ["second"]]
    assert [one["at"] for one in found] == [len(program), len(program) + len(SMALL) + 15]
    assert [one["bytes"] for one in found] == [len(SMALL), len(other)]
    _, out, _ = inspect(capsys, path)
    assert f"object 2 of 2, at byte {found[1]['at']}: {len(other)} bytes" in out


def test_a_truncated_object_inside_an_executable_is_ignored(capsys, tmp_path):
    path = tmp_path / "tool"
    path.write_bytes(Path("/bin/true").read_bytes() + SMALL[:-1])
    status, _, err = inspect(capsys, path)
    assert (status, err) == (
        1,
        f"rawbpf: {path} contains no BPF object: the ELF file is for another machine\n",
    )


def test_assembly_and_c(capsys, tmp_path):
    path = tmp_path / "some.bpf.s"
    path.write_text('.program p, "kprobe/do_exit"\nr0 = 0\nexit')
    (row,) = rows(capsys, path)
    (program,) = row["programs"]
    assert (program["type"], program["attach_to"]) == ("kprobe", "do_exit")
    (row,) = rows(capsys, SOURCES / "tail_calls.bpf.c")
    (table,) = [one for one in row["maps"] if one["type"] == "prog_array"]
    assert table["initial"] == {"1": "keep_ten", "3": "keep_twenty"}


def test_the_attach_type_with_the_number_0_has_its_name(capsys, tmp_path):
    path = tmp_path / "some.bpf.s"
    path.write_text('.program p, "cgroup_skb/ingress"\nr0 = 1\nexit')
    (row,) = rows(capsys, path)
    assert row["programs"][0]["attach_type"] == "cgroup_inet_ingress"


def test_without_types(capsys, tmp_path):
    path = tmp_path / "bare.o"
    text = 'int g = 5; __attribute__((section("xdp"))) int p(void *c) { return g; }'
    compile_object(text, path)
    llvm("llvm-objcopy", "--remove-section=.BTF", "--remove-section=.BTF.ext", str(path))
    (row,) = rows(capsys, path)
    assert (row["btf"], row["globals"][0]["type"], row["license"]) == (None, None, "")
    _, out, _ = inspect(capsys, path)
    assert "no licence" in out
    assert out.endswith("no BTF\n")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is not an ELF file"),
        (SMALL[:100], "truncated"),
        (SMALL[:5] + b"\2" + SMALL[6:], "this ELF file is big-endian; compile with -target bpfel"),
    ],
)
def test_invalid_objects_are_reported_in_one_line(capsys, tmp_path, data, message):
    path = tmp_path / "x.o"
    path.write_bytes(data)
    status, out, err = inspect(capsys, path)
    assert (status, out) == (1, "")
    assert message in err
    assert err.count("\n") == 1


def test_a_missing_file_is_reported_in_one_line(capsys, tmp_path):
    """tests/unit/test_input_file.py has the tests for all commands."""
    status, _, err = inspect(capsys, tmp_path / "nothing")
    assert (status, "No such file" in err) == (2, True)


EMPTY = encode_object(assemble('.license "GPL"'))

CALLX = SMALL.replace(bytes.fromhex("b7 00 00 00 00 00 00 00"), bytes.fromhex("8d" + 14 * "0"))


def test_an_object_with_an_unknown_instruction_is_shown_with_status_1(capsys, tmp_path):
    path = tmp_path / "a.o"
    path.write_bytes(CALLX)
    status, out, err = inspect(capsys, path)
    assert status == 1
    assert "first" in out
    assert "hits" in out
    assert "unknown opcode 0x8d: clang calls a function through a pointer" in err
    assert main(["disasm", str(path)]) == 1
    out, err = capsys.readouterr()
    assert "(invalid: unknown opcode 0x8d" in out
    assert "exit" in out
    assert "section xdp: offset 0x20" in err


@pytest.mark.parametrize("command", ["inspect", "load"])
def test_an_object_that_holds_nothing_is_an_error(capsys, tmp_path, command):
    path = tmp_path / "a.o"
    path.write_bytes(EMPTY)
    assert main([command, str(path)]) == 1
    assert "contains nothing that can be loaded" in capsys.readouterr().err
