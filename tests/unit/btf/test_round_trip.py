"""decode(encode(x)) == x for every kind, in both byte orders, and with a base."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.btf import types as t
from rawbpf.btf.btf import Btf
from rawbpf.btf.encode import BtfBuilder
from rawbpf.errors import FormatError
from rawbpf.uapi.btf import KINDS
from tests.support.btf_records import EVERY_KIND, INT, blob, btf, records

orders = st.sampled_from("<>")


def test_the_examples_cover_every_kind():
    assert {record.kind for record in EVERY_KIND} == set(KINDS)


@pytest.mark.parametrize("order", "<>")
def test_every_kind(order):
    assert [record for _, record in btf(*EVERY_KIND, order=order)] == list(EVERY_KIND)


@given(st.lists(records, max_size=6), orders)
def test_any_record(given_records, order):
    assert [record for _, record in btf(*given_records, order=order)] == given_records


@given(st.lists(records, max_size=4), st.lists(records, max_size=4))
def test_split_btf_extends_its_base(below, above):
    base = btf(*below)
    split = btf(*above, base=base)
    assert list(split) == list(enumerate(above, 1 + len(below)))
    assert [split[i] for i in range(len(split))] == [t.VOID, *below, *above]


def test_names_are_written_once():
    data = blob(t.Typedef("pid_t", 0), t.Struct("pid_t", 4, (t.Member("pid_t", 1, 0),)))
    assert data.count(b"pid_t") == 1


def test_names_of_arbitrary_bytes():
    name = b"\xff\xfe\x01".decode("utf-8", "surrogateescape")
    data = blob(t.Typedef(name, 0))
    assert b"\0\xff\xfe\x01\0" in data
    assert Btf.from_bytes(data).find(name) == t.Typedef(name, 0)


def test_ids_start_at_1_or_at_the_end_of_the_base():
    builder = BtfBuilder()
    assert [builder.add(INT), builder.add(INT)] == [1, 2]
    assert BtfBuilder(btf(INT, INT)).add(INT) == 3


@pytest.mark.parametrize(
    "record",
    [
        t.Ptr(1 << 32),
        t.Ptr(-1),
        t.Int("int", 4, 256),
        t.Func("f", 1, 1 << 24),
        t.Struct("s", 4, (t.Member("a", 1, 1 << 24, 1),), kind_flag=True),
        t.Struct("s", 4, (t.Member("a", 1, 0, 256),), kind_flag=True),
        t.Struct("s", 4, (t.Member("a", 1, 0, 1),)),
        t.Enum("e", 4, (t.Enumerator("v", -1),)),
        t.Enum("e", 4, (t.Enumerator("v", 1 << 31),), signed=True),
        t.Enum64("e", 8, (t.Enumerator("v", 1 << 64),)),
        t.DeclTag("tag", 1, 1 << 31),
        t.Typedef("a\0b", 1),
        t.Typedef("\ud800", 1),
        t.VOID,
    ],
    ids=repr,
)
def test_numbers_that_do_not_fit_are_errors_without_side_effects(record):
    builder = BtfBuilder()
    with pytest.raises(FormatError):
        builder.add(record)
    builder.add(INT)
    assert [r for _, r in Btf.from_bytes(builder.encode())] == [INT]


def test_too_many_strings_for_their_offsets():
    builder = BtfBuilder()
    builder.add(t.Typedef("x" * (1 << 24), 0))
    with pytest.raises(FormatError, match="too many names"):
        builder.add(t.Typedef("one more", 0))
