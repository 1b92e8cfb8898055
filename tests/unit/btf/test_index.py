"""An index of a blob gives the same answers as a search; damage is found or has no effect."""

import struct
from array import array
from contextlib import suppress
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.btf import types as t
from rawbpf.btf.btf import Btf
from rawbpf.btf.index import Index, decode_index, encode_index
from rawbpf.errors import FormatError
from rawbpf.uapi.btf import BTF_KIND_FUNC
from tests.support.btf_records import EVERY_KIND, INT, blob, btf, records


def learned(data, base=None):
    """Return the index of a blob whose names were looked up often."""
    seen = []
    opened = Btf(data, base, learned=seen.append)
    for _ in range(40):
        opened.find_ids("x")
    return seen[-1] if seen else opened.index()


def answers(opened):
    names = {getattr(opened[i], "name", "") for i in range(1, len(opened))}
    ids = {name: opened.find_ids(name) for name in names}
    flavours = {name: sorted(opened.flavours(name)) for name in names if name}
    return list(opened), ids, flavours, opened.find_ids("no")


@given(st.lists(records, max_size=20), st.lists(records, max_size=20))
def test_with_and_without_an_index(below, above):
    base = blob(*below)
    data = blob(*above, base=Btf(base))
    for index in (Btf(data, Btf(base)).index(), learned(data, Btf(base))):
        again = decode_index(encode_index(index, len(data)), len(data))
        assert again == index
        with_index = Btf(data, Btf(base, index=learned(base)), index=again)
        assert answers(with_index) == answers(Btf(data, Btf(base)))


def test_nothing_is_walked_and_nothing_is_searched(monkeypatch):
    data = blob(INT, *[t.Func(f"f{i}", 0) for i in range(100)])
    opened = Btf(data, index=learned(data))
    monkeypatch.setattr("rawbpf.btf.starts.Starts._walk", pytest.fail)
    monkeypatch.setattr("rawbpf.btf.strings.Strings.scan", pytest.fail)
    assert opened.find("f77", BTF_KIND_FUNC) == t.Func("f77", 0)
    assert opened.find("absent") is None
    assert len(opened) == 102


def test_types_of_one_name_stay_in_the_order_of_their_ids():
    data = blob(t.Struct("a", 1, ()), t.Typedef("a", 1), INT, t.Fwd("a"))
    assert Btf(data, index=learned(data)).find_ids("a") == [1, 2, 4]


@pytest.mark.parametrize(
    ("word", "value"), [(0, 0), (1, 2), (2, 1), (3, 99), (4, 0), (5, 7), (6, 0), (7, 9)]
)
def test_a_damaged_file_is_an_error(word, value):
    data = blob(*EVERY_KIND)
    file = bytearray(encode_index(learned(data), len(data)))
    struct.pack_into("<I", file, 4 * word, value)
    with pytest.raises(FormatError, match="type index"):
        decode_index(bytes(file), len(data))


def test_every_truncation_is_an_error():
    data = blob(*EVERY_KIND)
    file = encode_index(learned(data), len(data))
    for length in range(len(file)):
        with pytest.raises(FormatError, match="type index"):
            decode_index(file[:length], len(data))


def test_an_index_of_other_types_is_an_error():
    data = blob(*EVERY_KIND)
    with pytest.raises(FormatError, match="to other types"):
        decode_index(encode_index(learned(data), len(data)), len(data) + 4)


words = st.lists(st.integers(0, (1 << 32) - 1) | st.integers(0, 40), max_size=8)


@given(st.integers(0, 60), words, words)
def test_a_wrong_index_gives_answers_or_a_declared_error(total, groups, names):
    """Even with the right checksum, a position may be wrong."""
    data = blob(*EVERY_KIND)
    body = array("I", groups + names).tobytes()
    head = 0x49465442, 1, len(data), total, len(groups), len(names), crc32(body)
    with suppress(FormatError):
        opened = Btf(data, index=decode_index(struct.pack("<7I", *head) + body, len(data)))
        for ask in (
            lambda: list(opened),
            lambda: opened.find_ids("int"),
            lambda: [opened[i] for i in range(60)],
            lambda: opened.of_kinds({BTF_KIND_FUNC}),
        ):
            with suppress(FormatError):
                ask()


def test_names_with_a_beginning():
    below = blob(t.Struct("task", 1, ()), t.Struct("task___old", 1, ()), t.Func("tack", 0))
    above = blob(t.Struct("task___mine", 1, ()), t.Struct("tap", 1, ()), base=Btf(below))
    split = Btf(above, Btf(below))
    assert list(split.names_beginning_with("tas")) == ["task", "task___old", "task___mine"]
    assert list(split.names_beginning_with("tat")) == []
    again = Btf(above, Btf(below, index=learned(below)), index=split.index())
    assert again.flavours("task") == ["task___old", "task___mine"]


def test_an_empty_blob_has_an_empty_index():
    assert btf().index() == Index(0, array("I"), array("I"))
