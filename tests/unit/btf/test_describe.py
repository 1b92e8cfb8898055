"""The raw text and the JSON fields, compared with bpftool's."""

import json
import subprocess
from pathlib import Path

import pytest

from rawbpf.btf import types as t
from rawbpf.btf.btf import Btf
from rawbpf.btf.describe import fields
from rawbpf.btf.raw_text import raw
from rawbpf.cli.objects.btf_source import open_btf
from tests.support.btf_records import EVERY_KIND, INT, blob, btf
from tests.support.clang import compile_object, sections
from tests.support.kernel_btf import KERNELS, MODULES
from tests.support.peers import peer

SOURCE = """
struct task { int pid; struct task *parent; unsigned flag:1, more:5; char comm[16]; };
enum state { RUNNING, DEAD = -1 };
enum wide { WIDE = 1ull << 40 };
static volatile const unsigned long target;
int total __attribute__((section(".data.total")));
extern int missing(struct task *, ...);
__attribute__((section("kprobe/f"))) int f(struct task *t, enum state s, enum wide *w)
{ return missing(t, s, *w) + target + total++; }
"""


def bpftool(*arguments):
    command = [peer("bpftool"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def our_raw(opened):
    return "".join(raw(opened))


def masked(value):
    """Mask values, because bpftool (7.1) prints unsigned values of a 32-bit enum as signed."""
    return value & 0xFFFFFFFF if 0xFFFFFFFF_80000000 <= value <= 0xFFFFFFFF_FFFFFFFF else value


def their_json(path):
    rows = json.loads(bpftool("-j", "btf", "dump", "file", str(path)))["types"]
    for row in rows:
        if row["kind"] == "ENUM":
            for value in row["values"]:
                value["val"] = masked(value["val"])
    return rows


def check(data, path):
    opened = Btf.from_bytes(data)
    path.write_bytes(data)
    assert our_raw(opened) == bpftool("btf", "dump", "file", str(path), "format", "raw")
    return opened


def check_json(data, path):
    opened = check(data, path)
    assert [fields(i, record) for i, record in opened] == their_json(path)


def test_every_kind(tmp_path):
    check_json(blob(*EVERY_KIND), tmp_path / "btf")


def test_output_of_clang(tmp_path):
    (data,) = sections(compile_object(SOURCE, tmp_path / "a.o"), ".BTF")
    check_json(data, tmp_path / "btf")


@pytest.mark.parametrize("path", KERNELS, ids=lambda one: Path(one).name)
def test_kernels(tmp_path, path):
    check(Path(path).read_bytes(), tmp_path / "btf")


def test_split(tmp_path):
    base = blob(*EVERY_KIND)
    split = blob(t.Struct("mine", 4, (t.Member("i", 1, 0),)), base=Btf.from_bytes(base))
    (tmp_path / "base").write_bytes(base)
    (tmp_path / "split").write_bytes(split)
    theirs = bpftool("-B", str(tmp_path / "base"), "btf", "dump", "file", str(tmp_path / "split"))
    assert our_raw(Btf.from_bytes(split, Btf.from_bytes(base))) == theirs


@pytest.mark.parametrize(("kernel", "module"), MODULES, ids=lambda one: Path(one).name)
def test_modules(kernel, module):
    opened = open_btf(str(module), base=str(kernel))
    theirs = bpftool("-B", str(kernel), "btf", "dump", "file", str(module), "format", "raw")
    assert our_raw(opened) == theirs


def test_names_are_escaped_for_the_terminal():
    (line,) = raw(btf(t.Typedef("a\x1b[2Jb", 0)))
    assert line == "[1] TYPEDEF 'a\\x1b[2Jb' type_id=0\n"


def test_void_and_unknown_kinds():
    assert list(raw(btf(), [0])) == ["[0] UNKNOWN '(anon)'\n"]
    assert fields(7, t.Unknown("", 42 << 24, 1, (2, 3)))["words"] == (2, 3)


def test_unusual_numbers():
    opened = btf(t.Func("f", 0, 7), t.Int("i", 4, 32, 7), INT)
    assert "".join(raw(opened, [1, 2])).splitlines() == [
        "[1] FUNC 'f' type_id=0 linkage=(unknown)",
        "[2] INT 'i' size=4 bits_offset=0 nr_bits=32 encoding=UNKN",
    ]
