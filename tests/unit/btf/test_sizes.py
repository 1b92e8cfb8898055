"""Sizes, alignments, types beneath typedefs, and circular references."""

import pytest

from rawbpf.btf import types as t
from rawbpf.btf.sizes import MAX_DEPTH, align_of, bit_span, resolve, size_of, strip
from rawbpf.errors import FormatError
from tests.support.btf_records import EVERY_KIND, INT, btf

INT128 = t.Int("__int128", 16, 128)
CHAR = t.Int("char", 1, 8)


def sizes(*records):
    opened = btf(*records)
    return [size_of(opened, type_id) for type_id in range(1, len(opened))]


def test_sizes():
    records = INT, t.Ptr(0), t.Array(1, 1, 3), t.Array(3, 1, 5), t.Typedef("x", 4), t.Const(5)
    assert sizes(*records) == [4, 8, 12, 60, 60, 60]
    assert sizes(INT, t.Var("v", 1), t.DataSec(".data", 40, ())) == [4, 4, 40]


@pytest.mark.parametrize("record", [t.Func("f", 0), t.FuncProto(0), t.Fwd("f"), t.DeclTag("t", 0)])
def test_types_without_a_size(record):
    with pytest.raises(FormatError, match="has no size"):
        size_of(btf(record), 1)
    with pytest.raises(FormatError, match="type 0 has no size"):
        size_of(btf(record), 0)


def test_types_beneath_typedefs_and_qualifiers():
    chain = [INT, t.Const(1), t.Volatile(2), t.Typedef("x", 3), t.TypeTag("tag", 4), t.Restrict(5)]
    opened = btf(*chain)
    assert strip(opened, 6) == 1
    assert resolve(opened, 6) == INT
    assert strip(opened, 0) == 0


def test_the_nesting_limit_is_that_of_the_kernel():
    opened = btf(INT, *(t.Const(i) for i in range(1, MAX_DEPTH + 3)))
    assert strip(opened, MAX_DEPTH + 1) == 1
    with pytest.raises(FormatError, match="circular"):
        strip(opened, MAX_DEPTH + 2)


@pytest.mark.parametrize(
    "records",
    [
        [t.Const(1)],
        [t.Const(2), t.Typedef("x", 1)],
        [t.Array(1, 1, 2)],
        [t.Array(2, 1, 2), t.Volatile(1)],
        [t.Var("v", 1)],
    ],
)
def test_circular_references(records):
    with pytest.raises(FormatError, match="circular"):
        size_of(btf(*records), 1)
    with pytest.raises(FormatError, match="circular"):
        align_of(btf(*records), 1)


def test_a_struct_that_contains_itself():
    with pytest.raises(FormatError, match="circular"):
        align_of(btf(t.Struct("s", 8, (t.Member("s", 1, 0),))), 1)


def test_deep_nesting_costs_only_the_number_of_members():
    """40 unions, each with two members of the next one: 2 ** 40 paths."""
    nest = [t.Union("", 4, (t.Member("a", i + 2, 0), t.Member("b", i + 2, 0))) for i in range(30)]
    assert align_of(btf(*nest, INT), 1) == 4


@pytest.mark.parametrize(
    ("members", "size", "align"),
    [
        ([("c", 1, 0), ("i", 2, 32)], 8, 4),
        ([("c", 1, 0), ("i", 2, 8)], 5, 1),  # misaligned: packed
        ([("i", 2, 0), ("c", 1, 32)], 5, 1),  # the size is not a multiple of the alignment: packed
        ([("i", 2, 0), ("c", 1, 32)], 8, 4),
        ([("x", 3, 0)], 16, 16),
        ([("x", 3, 64)], 24, 1),
        ([("b", 2, 0, 20), ("c", 2, 20, 20)], 8, 1),  # a bitfield that crosses a unit
        ([("b", 2, 0, 20), ("c", 2, 32, 20)], 8, 4),
        ([], 0, 1),
        ([], 3, 1),
    ],
)
def test_alignment(members, size, align):
    struct = t.Struct("s", size, tuple(t.Member(*m) for m in members), kind_flag=True)
    assert align_of(btf(CHAR, INT, INT128, struct), 4) == align


def test_alignment_of_every_kind():
    opened = btf(*EVERY_KIND)
    known = {}
    for type_id, record in opened:
        if not isinstance(record, t.FuncProto | t.Func | t.Fwd | t.DeclTag):
            assert align_of(opened, type_id, known) in (1, 2, 4, 8, 16)


def test_bitfields_with_and_without_kind_flag():
    old = t.Int("", 4, bits=3, offset=5)
    opened = btf(INT, old)
    assert bit_span(opened, t.Member("a", 1, 32, 7)) == (32, 7)
    assert bit_span(opened, t.Member("a", 1, 32)) == (32, 0)
    assert bit_span(opened, t.Member("a", 2, 32)) == (37, 3)
