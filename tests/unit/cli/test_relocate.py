"""``rawbpf relocate``: relocations, their results, and reasons for unresolved ones."""

import json

import pytest

from rawbpf.cli.main import main
from tests.support.clang import compile_object
from tests.support.core_objects import core_object

LOCAL = """
struct task { int pid; struct task *parent; } __attribute__((preserve_access_index));
struct gone { int x; } __attribute__((preserve_access_index));
int value;
__attribute__((section("socket"), used)) int program(struct task *task, struct gone *gone)
{
    if (__builtin_preserve_field_info(gone->x, 2))
        value = gone->x;
    return task->parent->pid;
}
"""
KERNEL = "struct task { long flags; struct task *parent; char name[16]; int pid; } task;"


def run(capsys, *words):
    status = main(["relocate", *map(str, words)])
    out, err = capsys.readouterr()
    return status, out, err


@pytest.fixture
def pair(tmp_path):
    """An object with a program, and one with the kernel's types."""
    return compile_object(LOCAL, tmp_path / "local.o"), compile_object(KERNEL, tmp_path / "k.o")


def test_text(capsys, pair):
    path, kernel = pair
    status, out, _ = run(capsys, path, "--btf", kernel)
    assert status == 0
    lines = out.splitlines()
    assert lines[0] == "program program, section socket: 4 relocations, 1 unresolved"
    assert lines[1].split() == [
        "SLOT",
        "KIND",
        "ACCESS",
        "LOCAL",
        "TARGET",
        "INSTRUCTION",
        "BECOMES",
    ]
    rows = {" ".join(line.split()[1:-1]) for line in lines[2:6]}
    assert "offset struct task::pid 0 32 r0 = *(u32 *)(r1 + 0) r0 = *(u32 *)(r1 +" in rows
    assert "offset struct task::parent 8 8 r1 = *(u64 *)(r1 + 8)" in rows
    assert "offset struct gone::x 0 - r2 = *(u32 *)(r2 + 0)" in rows
    assert [line.partition(": ")[2] for line in lines[6:]] == ["this kernel has no struct gone"] * 2


def test_json(capsys, pair):
    path, kernel = pair
    status, out, _ = run(capsys, path, "--btf", kernel, "--json")
    assert status == 0
    row = json.loads(out)
    assert (row["program"], row["section"], row["error"]) == ("program", "socket", None)
    by_access = {(one["kind"], one["access"]): one for one in row["relocations"]}
    moved = by_access["BPF_CORE_FIELD_BYTE_OFFSET", "struct task::pid"]
    assert (moved["local"], moved["target"], moved["missing"]) == (0, 32, None)
    assert moved["candidate"].endswith("] struct task")
    assert moved["before"] == {"bytes": "6110000000000000", "text": "r0 = *(u32 *)(r1 + 0)"}
    assert moved["after"] == {"bytes": "6110200000000000", "text": "r0 = *(u32 *)(r1 + 32)"}
    assert moved["source"]["line"] == 9
    lost = by_access["BPF_CORE_FIELD_BYTE_OFFSET", "struct gone::x"]
    assert (lost["target"], lost["missing"]) == (None, "this kernel has no struct gone")
    assert by_access["BPF_CORE_FIELD_EXISTS", "struct gone::x"]["target"] == 0


def test_ambiguous_types_are_reported_and_other_programs_shown(capsys):
    path, kernel = core_object("fields"), core_object("target_many")
    status, out, _ = run(capsys, path, "--btf", kernel)
    assert status == 1
    titles = [line for line in out.splitlines() if line.startswith("program ")]
    assert "struct thing[2]::flags is ambiguous on this kernel: 40 in [" in titles[0]
    assert "] struct thing, 56 in [" in titles[0]
    assert "] struct thing___v2; use a flavour" in titles[0]
    assert any(" relocations, " in title for title in titles[1:])


def test_reasons_for_unresolved_relocations(capsys):
    _, out, _ = run(capsys, core_object("fields"), "--btf", core_object("target_poor"))
    said = {line.partition(": ")[2] for line in out.splitlines() if line.startswith("slot ")}
    assert "this kernel's struct thing has no member y" in said
    assert "this kernel's struct thing has no member in.b" in said
    assert "this kernel's struct thing::list has no element 3" in said
    assert "this kernel's struct thing has a member next, but its type is incompatible" in said
    assert "struct thing::flags is 4 bytes long in this kernel, not 8" in said  # and is signed now
    _, out, _ = run(capsys, core_object("kinds"), "--btf", core_object("target_poor"))
    said = {line.partition(": ")[2] for line in out.splitlines() if line.startswith("slot ")}
    assert "this kernel has no struct only_here" in said
    assert "this kernel's enum small has no enumerator GONE" in said
    assert "this kernel's same_t does not match the program's type" in said


def test_one_program(capsys, pair):
    path, kernel = pair
    assert run(capsys, path, "--btf", kernel, "--program", "program")[0] == 0
    status, _, err = run(capsys, path, "--btf", kernel, "--program", "other")
    assert (status, err) == (2, "rawbpf: no program 'other': the file contains program\n")


def test_nothing_to_relocate(capsys, tmp_path):
    path = tmp_path / "a.bpf.s"
    path.write_text('.program p, "xdp"\nr0 = 0\nexit')
    assert run(capsys, path, "--btf", core_object("kinds")) == (
        0,
        "",
        "this file contains no CO-RE relocations\n",
    )
    status, out, _ = run(capsys, path, "--btf", core_object("kinds"), "--program", "p")
    assert (status, out) == (0, "program p, section xdp: 0 relocations\n")


def test_files_without_types(capsys, pair, tmp_path):
    path, _ = pair
    (tmp_path / "text").write_text("hello")
    status, _, err = run(capsys, path, "--btf", tmp_path / "text")
    assert (status, err.count("\n")) == (1, 1)
    assert "BTF" in err
