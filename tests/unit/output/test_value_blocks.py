"""Blocks of structs have the same text as structs decoded and formatted one by one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.btf import types as t
from rawbpf.btf.btf import Btf
from rawbpf.btf.encode import BtfBuilder
from rawbpf.btf.values.codec import codec
from rawbpf.events.typed import EventType
from rawbpf.events.typed_rows import BytesRows, TypedRows
from rawbpf.output.text import for_terminal
from rawbpf.output.value_blocks import AS_JSON, AS_LINES, ValueBlocks
from rawbpf.output.values import plain, values_line
from rawbpf.uapi.btf import BTF_INT_BOOL
from tests.support.log_batches import batch_of


def integers(b):
    return {
        f"{'s' if signed else 'u'}{8 * size}": b.add_int(f"int{size}{signed}", size, signed=signed)
        for size in (1, 2, 4, 8)
        for signed in (False, True)
    }


def everything(b):
    """A struct with every kind of number and text that can be read as a column."""
    n = integers(b)
    char, u8, u32 = b.add_int("char", 1, signed=True), n["u8"], n["u32"]
    boolean = b.add_int("_Bool", 1, encoding=BTF_INT_BOOL)
    pair = b.add_struct("pair", 4, [("a", n["u16"], 0), ("b%", n["s16"], 16)])
    either = b.add(
        t.Union(
            "", 8, (t.Member("number", n["u64"], 0), t.Member("bytes", b.add_array(u8, 8, u32), 0))
        )
    )
    members, at = [], 0
    for name, type_id, size in (
        *((name, type_id, int(name[1:]) // 8) for name, type_id in n.items()),
        ("yes", boolean, 1),
        ("comm", b.add_array(char, 16, u32), 16),
        ("path", b.add_array(char, 70, u32), 70),
        ("raw", b.add_array(u8, 5, u32), 5),
        ("pair", pair, 4),
        ("pairs", b.add_array(pair, 2, u32), 8),
        ("none", b.add_array(u32, 0, u32), 0),
        ("", either, 8),
        ("ratio", b.add(t.Float("float", 4)), 4),
        ("exact", b.add(t.Float("double", 8)), 8),
        ("where", b.add(t.Ptr(0)), 8),
        ("state", b.add(t.Enum("state", 4, (t.Enumerator("IDLE", 0), t.Enumerator("BUSY", 7)))), 4),
    ):
        members.append((name, type_id, 8 * at))
        at += size
    return b.add_struct("event", at, members)


def bit_field(b):
    u32 = b.add_int("unsigned int", 4)
    members = (t.Member("low", u32, 0, 3), t.Member("high", u32, 3, 29), t.Member("n", u32, 32))
    return b.add(t.Struct("event", 8, members, kind_flag=True))


def hidden(b):
    """Two members of one name, of which the later one hides the other."""
    u32 = b.add_int("unsigned int", 4)
    return b.add_struct("event", 8, [("n", u32, 0), ("n", u32, 32)])


def strange(b):
    u32 = b.add_int("unsigned int", 4)
    return b.add_struct("event", 4, [("100%s \x1b[2J", u32, 0)])


def type_of(build):
    b = BtfBuilder()
    number = build(b)
    return EventType("event", codec(Btf(b.encode()), number))


EVERYTHING = type_of(everything)
BYTES = st.one_of(
    st.binary(min_size=EVERYTHING.size, max_size=EVERYTHING.size),
    st.sampled_from([b"\0", b"a", b"\xff", b"ab\0c"]).map(
        lambda part: (part * EVERYTHING.size)[: EVERYTHING.size]
    ),
)


def check(kind, samples):
    rows = TypedRows(batch_of(samples), kind)
    wanted = [kind.decode(sample) for sample in samples]
    assert str(list(rows)) == str(wanted)  # as text, because NaN differs from itself
    lines = "".join(f"m%: {values_line(one)}\n" for one in wanted)
    text = b"".join(ValueBlocks(AS_LINES).blocks(rows, "m%: "))
    assert text == for_terminal(lines).encode(errors="backslashreplace")
    objects = "".join(f'{{"%": {json.dumps(plain(one))}}}\n' for one in wanted)
    assert b"".join(ValueBlocks(AS_JSON).blocks(rows, '{"%": ', "}")).decode() == objects


@given(st.lists(BYTES, min_size=1, max_size=9), st.sampled_from([1, 100]))
def test_any_bytes_have_the_text_of_decoded_records(samples, times):
    assert EVERYTHING.leaves is not None
    check(EVERYTHING, samples * times)


@pytest.mark.parametrize(("build", "flat"), [(bit_field, False), (hidden, False), (strange, True)])
def test_other_structs(build, flat):
    kind = type_of(build)
    assert (kind.leaves is not None) == flat
    check(kind, [bytes([n] * kind.size) for n in range(20)])


@pytest.mark.parametrize("size", [1, 50, EVERYTHING.size - 1, EVERYTHING.size + 7])
def test_records_shorter_or_longer_than_the_struct(size):
    check(EVERYTHING, [bytes([n] * size) for n in range(1, 20)])


def test_members_are_fields_and_numpy_arrays():
    samples = [bytes([n] * EVERYTHING.size) for n in range(9)]
    rows = TypedRows(batch_of(samples), EVERYTHING)
    assert rows["u16"] == [n * 0x101 for n in range(9)]
    array = rows.array()
    for name in ("u64", "s8", "pair.a", "pairs[1].b%", "number", "yes", "exact"):
        assert array[name].tolist() == rows[name]
    assert dict(zip(rows.layout.names, rows.tuples()[8], strict=True))["s32"] == 0x08080808
    short = TypedRows(batch_of([one[:10] for one in samples]), EVERYTHING)
    assert short.array()["u16"].tolist() == rows["u16"]
    assert "u64" not in short.layout.names


def test_records_of_unknown_type_remain_bytes():
    rows = BytesRows(batch_of([b"abc", b"def"]))
    assert list(rows) == rows["data"] == [b"abc", b"def"]
    assert rows.array()["data"].tolist() == [b"abc", b"def"]
    assert list(BytesRows(batch_of([b"", b""]))) == [b"", b""]
