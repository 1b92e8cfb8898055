"""Features that older kernels lack are replaced; everything else is unchanged."""

import pytest

from rawbpf.btf import types as t
from rawbpf.btf.btf import Btf
from rawbpf.btf.for_kernel import for_kernel
from rawbpf.btf.sanitize import FEATURES, example, features_used
from rawbpf.btf.sizes import size_of
from rawbpf.uapi.btf import BTF_FUNC_GLOBAL, KINDS
from tests.support.btf_records import EVERY_KIND, INT, btf


@pytest.mark.parametrize("name", FEATURES)
def test_each_feature(name):
    before = Btf.from_bytes(example(name))
    # The example has the feature; attributes are also tags.
    assert name in features_used(before)
    after = Btf.from_bytes(for_kernel(before, {}, [name]).encode())
    assert name not in features_used(after)
    assert after[3] != before[3]
    assert [after[1], after[2]] == [before[1], before[2]]


def test_replacing_all_features_leaves_only_kinds_of_5_8():
    before = btf(*EVERY_KIND)
    after = Btf.from_bytes(for_kernel(before, {}, FEATURES).encode())
    assert features_used(after) == set()
    newer = {"5.13", "5.16", "5.17", "6.0"}
    assert {KINDS[record.kind].since for _, record in after}.isdisjoint(newer)
    assert len(after) == len(before)
    for type_id, record in before:
        if isinstance(record, t.Struct | t.Union | t.Enum | t.Enum64 | t.Float):
            assert size_of(after, type_id) == size_of(before, type_id)


def test_without_missing_features_only_linkage_changes():
    """The linkage of printk changes, because no kernel accepts extern functions in an object."""
    before = btf(*EVERY_KIND)
    after = dict(Btf.from_bytes(for_kernel(before, {}, []).encode()))
    assert [i for i, record in before if after[i] != record] == [19]
    assert after[19] == before[19]._replace(linkage=BTF_FUNC_GLOBAL)
    assert after[18].params == (t.Param("fmt", 5), t.Param("", 0))  # "..." has no name


def test_negative_enumerators_keep_their_bits():
    before = btf(t.Enum("e", 4, (t.Enumerator("v", -1),), signed=True))
    after = Btf.from_bytes(for_kernel(before, {}, ["signed_enum"]).encode())
    assert after[1].values == (t.Enumerator("v", 0xFFFFFFFF),)


def test_split_btf_keeps_its_base():
    base = btf(INT)
    before = btf(t.TypeTag("user", 1), base=base)
    after = Btf.from_bytes(for_kernel(before, {}, ["type_tag"]).encode(), base)
    assert list(after) == [(2, t.Const(1))]


def test_strings_can_be_added_for_ext_info():
    builder = for_kernel(btf(INT), {}, [])
    offset = builder.strings.add("a.c")
    assert Btf.from_bytes(builder.encode()).strings.at(offset) == "a.c"
