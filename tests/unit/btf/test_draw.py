"""Drawings of structs laid out by clang: offsets, sizes, holes."""

import re

import pytest

from rawbpf.btf import types as t
from rawbpf.btf.draw import draw
from rawbpf.errors import FormatError
from tests.support.btf_records import INT, btf
from tests.support.clang import btf_of

SOURCE = """
struct list { struct list *next, *prev; };
struct inner { char tag; int value; };
struct task {
    char state;
    int pid;
    unsigned int flag : 1, level : 5, : 4, late : 3;
    struct inner inner;
    union { long raw; struct { short low; struct list list; }; };
    char comm[16];
    struct inner many[2];
    void (*done)(struct task *, int);
    char last;
} t;
"""

DRAWN = """\
struct task: 96 bytes, 2 cache lines, 11 members
   offset    size
        0       1  char state
        1       3  (hole)
        4       4  int pid
      8:0      :1  unsigned int flag
      8:1      :5  unsigned int level
      8:6      :4  (hole)
      9:2      :3  unsigned int late
      9:5     :19  (hole)
       12       8  struct inner inner
       12       1    char tag
       13       3    (hole)
       16       4    int value
       20       4  (hole)
       24      24  union {...}
       24       8    long raw
       24      24    struct {...}
       24       2      short low
       26       6      (hole)
       32      16      struct list list
       32       8        struct list *next
       40       8        struct list *prev
       48      16  char comm[16]
       64          -- cache line 1 --
       64      16  struct inner many[2]
       80       8  void (*done)(struct task *, int)
       88       1  char last
       89       7  (padding)
used 79 bytes 1 bit, 4 holes of 9 bytes 7 bits, padding 7 bytes"""


def drawing(opened, name, **options):
    return "\n".join(draw(opened, opened.find_id(name), **options))


def test_a_struct(tmp_path):
    opened = btf_of(SOURCE, tmp_path)
    assert drawing(opened, "task", depth=2) == DRAWN


def test_depth_counts_named_structs_only(tmp_path):
    opened = btf_of(SOURCE, tmp_path)
    shallow = drawing(opened, "task", depth=1)
    assert "struct inner inner" in shallow
    assert "char tag" not in shallow
    assert "struct list list" in shallow  # an unnamed struct is not a level
    assert "struct list *next" not in shallow


def test_used_and_unused_bytes_add_up(tmp_path):
    opened = btf_of(SOURCE, tmp_path)
    summary = DRAWN.splitlines()[-1]
    bits = sum(8 * int(n) for n in re.findall(r"(\d+) byte", summary))
    bits += sum(int(n) for n in re.findall(r"(\d+) bit", summary))
    assert bits == 8 * opened.find("task").size


def test_other_types():
    enum = t.Enum("e", 4, (t.Enumerator("A", 1), t.Enumerator("evil\x1b", 7)))
    proto = t.FuncProto(1, (t.Param("a", 1), t.Param("", 0)))
    opened = btf(INT, enum, proto, t.Func("f", 3), t.Var("v", 1), t.Typedef("td", 1))
    assert list(draw(opened, 2)) == [
        "enum e: 4 bytes, 2 values",
        f"  {1:>20}  A",
        f"  {7:>20}  evil\\x1b",
    ]
    said = [line for type_id in (1, 4, 5, 6) for line in draw(opened, type_id)]
    assert said == ["int", "int f(int a, ...)", "int v", "td"]


def test_a_union_has_no_holes():
    opened = btf(INT, t.Union("u", 8, (t.Member("a", 1, 0), t.Member("b", 1, 0))))
    assert drawing(opened, "u").count("hole") == 0


def test_an_empty_struct():
    assert drawing(btf(t.Struct("s", 0, ())), "s").splitlines()[-1] == "used 0 bytes"


@pytest.mark.parametrize(
    "records",
    [
        [t.Struct("s", 4, (t.Member("", 1, 0),))],
        [t.Struct("s", 4, (t.Member("a", 1, 0), t.Member("b", 1, 0)))],
        [t.Struct("s", 4, (t.Member("x", 7, 0),))],
        [
            t.Struct("s", 4, (t.Member("", 2, 0),)),
            *(t.Union("", 4, (t.Member("", i, 0), t.Member("", i, 0))) for i in range(3, 33)),
            INT,
        ],
    ],
)
def test_damage(records):
    with pytest.raises(FormatError):
        drawing(btf(*records), "s", depth=64)
