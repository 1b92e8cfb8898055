"""Structs that C places in odd ways: packed, over-aligned, with bitfields and gaps.

clang lays out random structs; what we write for its BTF, clang must lay out the same.
"""

import random

import pytest

from rawbpf.btf import types as t
from rawbpf.btf.ctext.header import c_header
from rawbpf.btf.ctext.packing import Gap, arrange, padding
from tests.support.btf_records import INT, btf
from tests.support.c_layout import by_tag, check_with_clang, header_and_tags
from tests.support.clang import btf_of, clang

SCALARS = {
    "char": 8,
    "unsigned short": 16,
    "int": 32,
    "unsigned long": 64,
    "void *": 0,
    "unsigned __int128": 128,
    "_Bool": 1,
    "enum e": 32,
    "double": 0,
}


class Maker:
    """Random C structs, which may contain those made before."""

    def __init__(self, seed):
        self.random, self.count, self.made = random.Random(seed), 0, []

    def name(self):
        self.count += 1
        return f"m{self.count}"

    def member(self, depth):
        choice = self.random.random()
        if choice < 0.15 and depth < 3:
            keyword = self.random.choice(["struct", "union"])
            name = self.random.choice(["", self.name()])
            return f"{keyword} {{ {self.body(depth + 1)} }}{self.packed()} {name};"
        if choice < 0.25 and self.made:
            return f"struct {self.random.choice(self.made)} {self.name()}{self.aligned()};"
        scalar, bits = self.random.choice(list(SCALARS.items()))
        if choice < 0.5 and bits and bits <= 64:
            pad = self.random.random() < 0.2
            name = "" if pad else self.name()
            return f"{scalar} {name}: {self.random.randint(1, bits)};"
        array = self.random.choice(["", "", "[3]"])
        return f"{scalar} {self.name()}{array}{self.aligned()};"

    def body(self, depth):
        return " ".join(self.member(depth) for _ in range(self.random.randint(1, 6)))

    def packed(self):
        return " __attribute__((packed))" if self.random.random() < 0.2 else ""

    def aligned(self):
        if self.random.random() < 0.85:
            return ""
        return f" __attribute__((aligned({self.random.choice([2, 4, 8, 16, 64])})))"

    def struct(self):
        name = f"s{len(self.made)}"
        text = f"struct {name} {{ {self.body(0)} }}{self.packed()}{self.aligned()};"
        self.made.append(name)
        return f"{text}\nstruct {name} g_{name};"


@pytest.mark.parametrize("seed", range(3))
def test_random_structs(seed, tmp_path):
    maker = Maker(seed)
    source = "\n".join(["enum e { E };", *(maker.struct() for _ in range(150))])
    before = btf_of(source, tmp_path)
    tags, _ = check_with_clang(before, tmp_path, btf_of, clang)
    assert len(tags) == 150
    # Round trip: clang lays out our text like the original.
    text, tags = header_and_tags(before)
    uses = "".join(f"{tag} used_{i};\n" for i, tag in enumerate(tags.values()))
    assert by_tag(btf_of(text + uses, tmp_path)) == by_tag(before)


def rows(*members, size, union=False, kind_flag=True):
    cls = t.Union if union else t.Struct
    record = cls("s", size, tuple(t.Member(*m) for m in members), kind_flag)
    opened = btf(INT, t.Int("char", 1, 8), t.Int("long int", 8, 64, 1), record)
    return arrange(opened, 4, record, {})


def test_natural_layouts_need_no_padding():
    plan = rows(("c", 2, 0), ("i", 1, 32), ("l", 3, 64), size=16)
    assert not plan.packed
    assert [row.name for row in plan.rows] == ["c", "i", "l"]


def test_gaps():
    plan = rows(("c", 2, 0), ("i", 1, 64), size=16)
    assert plan.rows[1] == Gap(32, 64)
    assert plan.rows[-1] == Gap(96, 128)


def test_packed_only_where_needed():
    assert rows(("c", 2, 0), ("i", 1, 8), size=5).packed
    assert not rows(("c", 2, 0), ("d", 2, 8), size=3).packed


def test_overlapping_members_become_bytes():
    assert rows(("i", 1, 0), ("j", 1, 16), size=8).rows is None
    assert rows(("i", 1, 32), size=4).rows is None
    assert rows(("i", 1, 32), size=8, union=True).rows is None
    opened = btf(INT, t.Struct("s", 8, (t.Member("i", 1, 0), t.Member("j", 1, 0))))
    text = "".join(c_header(opened))
    assert "struct s { unsigned char ___bytes[8]; } __attribute__((aligned(4)));" in text


def test_padding():
    assert padding(Gap(0, 64), "p") == ["long: 64;"]
    assert padding(Gap(3, 8), "p") == ["char: 5;"]
    assert padding(Gap(8, 12), "p") == ["char: 4;"]
    assert padding(Gap(64, 64 + 8 * 65), "p") == ["unsigned char p[65];"]
    assert padding(Gap(0, 256), "p", union=True) == ["unsigned char p[32];"]
