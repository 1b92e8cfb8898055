"""Functions and fields by name, in small blobs and in the kernel's BTF."""

from pathlib import Path

import pytest

from rawbpf.btf import types as t
from rawbpf.btf.btf import Btf
from rawbpf.btf.lookup import Field, find_field, offset_of, prototype
from rawbpf.errors import FormatError
from tests.support.btf_records import INT, btf
from tests.support.kernel_btf import KERNELS

NESTED = (
    INT,
    t.Struct("pair", 8, (t.Member("first", 1, 0), t.Member("bits", 1, 35, 3)), True),
    t.Typedef("pair_t", 2),
    t.Union("", 8, (t.Member("both", 3, 0), t.Member("raw", 1, 0))),
    t.Struct("outer", 16, (t.Member("id", 1, 0), t.Member("", 4, 64), t.Member("next", 6, 0))),
    t.Ptr(5),
)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("id", Field(1, 0)),
        ("raw", Field(1, 64)),
        ("both", Field(3, 64)),
        ("both.first", Field(1, 64)),
        ("both.bits", Field(1, 99, 3)),
        ("next", Field(6, 0)),
        ("next.id", None),  # a pointer
        ("both.second", None),
        ("id.x", None),
        ("", None),
        ("both.", None),
        (".id", None),
    ],
)
def test_paths(path, field):
    assert find_field(btf(*NESTED), 5, path) == field


def test_types_without_members():
    assert find_field(btf(*NESTED), 0, "id") is None
    with pytest.raises(FormatError, match="no type 7"):
        find_field(btf(*NESTED), 7, "id")


def test_nested_anonymous_types_are_searched_once():
    """Each of these types contains the next one twice: without a memory, 2 ** 30 steps."""
    double = [t.Union("", 4, (t.Member("", i + 2, 0), t.Member("", i + 2, 0))) for i in range(30)]
    assert find_field(btf(*double, INT), 1, "x") is None
    deep = [t.Struct("", 4, (t.Member("", i + 2, 0),)) for i in range(5000)]
    assert find_field(btf(*deep, INT), 1, "x") is None
    assert find_field(btf(t.Struct("s", 4, (t.Member("", 1, 0),))), 1, "x") is None


def test_prototypes():
    proto = t.FuncProto(1, (t.Param("fd", 1),))
    opened = btf(INT, proto, t.Func("close", 2), t.Struct("close", 4, ()), t.Func("bad", 1))
    assert prototype(opened, "close") == proto
    assert prototype(opened, "open") is None
    with pytest.raises(FormatError, match="the type of bad is not a function prototype"):
        prototype(opened, "bad")


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: Path(path).name)
def test_only_the_types_on_the_way_are_decoded(path):
    types = Btf(Path(path).read_bytes())
    open_file = prototype(types, "vfs_read")
    assert [one.name for one in open_file.params] == ["file", "buf", "count", "pos"]
    task = types.find_id("task_struct", 4)
    assert find_field(types, task, "thread_info.flags") == Field(
        find_field(types, types.find_id("thread_info", 4), "flags").type_id,
        find_field(types, task, "thread_info").bit_offset,
    )
    assert len(types._records) < 100


def test_offsets_of_members_of_anonymous_structs_count_from_the_outer_struct():
    opened = btf(
        INT,
        t.Union("", 4, (t.Member("a", 1, 0), t.Member("b", 1, 0))),
        t.Struct("", 8, (t.Member("c", 1, 0), t.Member("", 2, 32))),
        t.Struct("outer", 12, (t.Member("d", 1, 0), t.Member("", 3, 32))),
    )
    assert [offset_of(opened, "outer", name) for name in "dcab"] == [0, 4, 8, 8]


def test_an_absent_struct_or_member_has_no_offset():
    opened = btf(INT, t.Struct("outer", 4, (t.Member("d", 1, 0),)))
    for struct, member in (("outer", "e"), ("inner", "d"), ("int", "d")):
        with pytest.raises(FormatError, match=f"struct {struct} in the BTF has no member {member}"):
            offset_of(opened, struct, member)
