"""Lookup of types by name: by search, by index, and in a base."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.btf import btf as btf_module
from rawbpf.btf import types as t
from rawbpf.btf.btf import Btf
from rawbpf.uapi.btf import BTF_KIND_FWD, BTF_KIND_STRUCT, BTF_KIND_TYPEDEF
from tests.support.btf_records import INT, blob, btf, records

FOO = t.Struct("foo", 4, ())
FOO_T = t.Typedef("foo", 1)


def test_by_name_and_kind():
    opened = btf(FOO, FOO_T, t.Struct("foo", 8, ()))
    assert opened.find_ids("foo") == [1, 2, 3]
    assert opened.find_ids("foo", BTF_KIND_STRUCT) == [1, 3]
    assert opened.find_id("foo", BTF_KIND_TYPEDEF) == 2
    assert opened.find("foo", BTF_KIND_TYPEDEF) == FOO_T
    assert opened.find("foo", BTF_KIND_FWD) is None
    assert opened.find("fo") is None
    assert opened.find("oo") is None


def test_the_base_comes_first():
    split = btf(FOO, base=btf(INT, FOO))
    assert split.find_ids("foo") == [2, 3]
    assert split.find_ids("int") == [1]


def test_a_name_that_ends_another_string():
    """Strings may share endings; libbpf and the kernel compare characters rather than offsets."""
    data = blob(t.Typedef("task_struct", 0), t.Typedef("x", 0))
    name = Btf.from_bytes(data).strings.offsets("task_struct")[0]
    changed = data[:36] + struct.pack("<I", name + 5) + data[40:]
    opened = Btf.from_bytes(changed)
    assert opened.find_ids("struct") == [2]
    assert opened.find_ids("task_struct") == [1]


def test_bytes_that_look_like_a_name_offset():
    """The four bytes of an offset also occur as sizes, as IDs, and across two words."""
    opened = btf(t.Typedef("foo", 1), t.Struct("", 1, ()), t.Array(1, 1, 1), t.Struct("", 256, ()))
    assert opened.strings.offsets("foo") == [1]
    assert opened.find_ids("foo") == [1]


@pytest.mark.parametrize("order", "<>")
def test_both_byte_orders(order):
    assert btf(INT, FOO, order=order).find_ids("foo") == [2]


@given(st.lists(records, min_size=1, max_size=5), st.lists(records, max_size=5), st.data())
def test_search_and_index_agree(below, above, data):
    split = btf(*above, base=btf(*below))
    given_names = [getattr(split[i], "name", "") for i in range(1, len(split))]
    name = data.draw(st.sampled_from(given_names))
    wanted = [i for i, given_name in enumerate(given_names, 1) if given_name == name]
    for _ in range(btf_module._SEARCHES + 2):
        assert split.find_ids(name) == wanted


def test_names_with_many_offsets():
    """With many string offsets, one pass over the types replaces single searches."""
    longer = [t.Typedef(f"a{i}_foo", 0) for i in range(20)]
    assert btf(*longer, t.Typedef("foo", 0)).find_ids("foo") == [21]


def test_kinds_without_decoding():
    split = btf(FOO, base=btf(INT))
    assert [split.kind(i) for i in range(3)] == [0, INT.kind, FOO.kind]


def test_flavours_of_a_module_and_of_its_base():
    """This includes the first name of a module's section, which no zero precedes."""
    base = btf(t.Struct("task", 1, ()), t.Struct("task___old", 1, ()), t.Struct("tasks", 1, ()))
    module = btf(t.Struct("task___mine", 1, ()), t.Struct("my_task___x", 1, ()), base=base)
    assert module.strings.flavours("task") == ["task___old", "task___mine"]
    assert base.strings.flavours("task") == ["task___old"]
    assert [module[one].name for one in module.find_ids("task___mine")] == ["task___mine"]


def test_the_base_of_many_modules_is_searched_once():
    base = Btf.from_bytes(blob(t.Fwd("task")))
    modules = [Btf(blob(t.Fwd(name), base=base), base) for name in "abc"]
    assert modules[0].own_ids("absent") == []
    looked = base.strings.scan("absent"), base.strings.endings("absent")
    assert [one.own_ids("absent") for one in modules[1:]] == [[], []]
    assert base.strings.scan("absent") is looked[0]
    assert base.strings.endings("absent") is looked[1]
