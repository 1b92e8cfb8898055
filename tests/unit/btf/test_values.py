"""Values, compared with ctypes, which lays out structs like C; and invalid values."""

import ctypes
import struct
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.btf import types as t
from rawbpf.btf.values.codec import codec
from rawbpf.errors import FormatError, UsageError
from tests.support.btf_records import INT, btf

U8 = t.Int("unsigned char", 1, 8)
U32 = t.Int("unsigned int", 4, 32)
CHAR = t.Int("char", 1, 8, 1)
I64 = t.Int("long int", 8, 64, 1)
BOOL = t.Int("_Bool", 1, 8, 4)


def of(*records, order="<"):
    """Return the codec of the last of these types."""
    opened = btf(*records, order=order)
    return codec(opened, len(opened) - 1)


def members(*rows):
    return tuple(t.Member(*row) for row in rows)


class Event(ctypes.LittleEndianStructure):
    _fields_ = [
        ("pid", ctypes.c_uint32),
        ("delta", ctypes.c_int64),
        ("comm", ctypes.c_char * 16),
        ("mac", ctypes.c_uint8 * 6),
        ("ports", ctypes.c_uint32 * 2),
        ("ok", ctypes.c_bool),
        ("low", ctypes.c_uint32, 5),
        ("high", ctypes.c_int32, 7),
    ]


BITS = 8 * Event.low.offset
EVENT = (
    U32,
    I64,
    CHAR,
    t.Array(3, 1, 16),
    U8,
    t.Array(5, 1, 6),
    t.Array(1, 1, 2),
    BOOL,
    INT,
    t.Struct(
        "event",
        ctypes.sizeof(Event),
        members(
            ("pid", 1, 8 * Event.pid.offset),
            ("delta", 2, 8 * Event.delta.offset),
            ("comm", 4, 8 * Event.comm.offset),
            ("mac", 6, 8 * Event.mac.offset),
            ("ports", 7, 8 * Event.ports.offset),
            ("ok", 8, 8 * Event.ok.offset),
            ("low", 1, BITS + (Event.low.size & 0xFFFF), 5),
            ("high", 9, BITS + (Event.high.size & 0xFFFF), 7),
        ),
        kind_flag=True,
    ),
)
"""For a bitfield, ctypes encodes bits << 16 | first bit in ``size``."""


def test_reading_agrees_with_ctypes():
    raw = bytes(range(7, 7 + ctypes.sizeof(Event)))
    theirs = Event.from_buffer_copy(raw)
    ours = of(*EVENT).decode(raw)
    assert ours.pop("mac") == bytes(theirs.mac)
    assert ours.pop("ports") == list(theirs.ports)
    assert ours == {name: getattr(theirs, name) for name in ours}
    assert len(ours) == 6


VALUE = {
    "pid": 4_000_000_000,
    "delta": -5,
    "comm": b"python3",
    "mac": b"\1\2\3\4\5\6",
    "ports": [80, 443],
    "ok": True,
    "low": 17,
    "high": -64,
}


def test_writing_agrees_with_ctypes():
    theirs = Event(**{k: v for k, v in VALUE.items() if k not in ("mac", "ports")})
    theirs.mac[:] = VALUE["mac"]
    theirs.ports[:] = VALUE["ports"]
    assert of(*EVENT).encode(VALUE) == bytes(theirs)


def test_values_from_a_dataclass_a_namespace_and_bytes():
    @dataclass
    class Sample:
        pid: int
        comm: str

    event = of(*EVENT)
    data = event.encode(Sample(7, "init"))
    assert event.decode(data)["comm"] == b"init"
    assert event.encode(data) == data
    assert event.decode(event.encode({}))["pid"] == 0


integers = st.sampled_from([(size, signed) for size in (1, 2, 4, 8, 16) for signed in (0, 1)])


@given(integers, st.sampled_from("<>"), st.data())
def test_integers(shape, order, data):
    size, signed = shape
    low = -(1 << (8 * size - 1)) if signed else 0
    value = data.draw(st.integers(low, low + (1 << (8 * size)) - 1))
    number = of(t.Int("x", size, 8 * size, signed), order=order)
    assert number.encode(value) == value.to_bytes(
        size, "little" if order == "<" else "big", signed=bool(signed)
    )
    assert number.decode(number.encode(value)) == value
    for beyond in (low - 1, low + (1 << (8 * size))):
        with pytest.raises(UsageError):
            number.encode(beyond)


@given(st.integers(0, 63), st.integers(1, 32), st.booleans(), st.sampled_from("<>"), st.data())
def test_writing_a_bitfield_leaves_its_neighbours_unchanged(offset, bits, signed, order, data):
    number = t.Int("i", 4, 32, int(signed))
    record = t.Struct("s", 12, members(("before", 2, 0), ("x", 1, offset, bits)), kind_flag=True)
    fields = of(number, t.Array(3, 3, 12), U8, record, order=order)
    low = -(1 << (bits - 1)) if signed else 0
    value = data.draw(st.integers(low, low + (1 << bits) - 1))
    background = data.draw(st.binary(min_size=12, max_size=12))
    written = fields.encode({"before": background, "x": value})
    assert fields.decode(written)["x"] == value
    whole, was = (int.from_bytes(b, "little" if order == "<" else "big")
                  for b in (written, background))  # fmt: skip
    shift = offset if order == "<" else 96 - offset - bits
    mask = ((1 << bits) - 1) << shift
    assert whole & ~mask == was & ~mask
    assert (whole & mask) >> shift == value & ((1 << bits) - 1)


def test_text_ends_at_its_first_nul():
    """The kernel's comm may have garbage after it."""
    text = of(CHAR, t.Array(1, 1, 8))
    assert text.decode(b"cat\0junk") == b"cat"
    assert text.decode(b"exactly8") == b"exactly8"
    assert text.encode("cat") == b"cat\0\0\0\0\0"
    assert of(U8, t.Array(1, 1, 8)).decode(b"cat\0junk") == b"cat\0junk"
    assert of(U8, t.Array(1, 1, 5)).encode("cat") == b"cat\0\0"


def test_enums_by_name_and_number():
    enum = of(t.Enum("e", 4, (t.Enumerator("A", 1), t.Enumerator("B", -2)), signed=True))
    assert enum.decode(enum.encode("B")) == -2
    assert enum.encode(1) == enum.encode("A")
    with pytest.raises(UsageError, match="one of A, B"):
        enum.encode("C")


def test_unions_are_views_of_the_same_bytes():
    union = of(U32, U8, t.Array(2, 1, 4), t.Union("u", 4, members(("word", 1, 0), ("bytes", 3, 0))))
    assert union.decode(b"\1\2\3\4") == {"word": 0x04030201, "bytes": b"\1\2\3\4"}
    assert union.encode({"bytes": b"\1\2"}) == b"\1\2\0\0"


def test_members_of_unnamed_structs_belong_to_the_enclosing_struct():
    inner = t.Struct("", 8, members(("a", 1, 0), ("b", 1, 32)))
    outer = of(U32, inner, t.Struct("s", 12, members(("x", 1, 0), ("", 2, 32))))
    assert outer.decode(struct.pack("<III", 1, 2, 3)) == {"x": 1, "a": 2, "b": 3}
    assert outer.encode({"b": 3}) == struct.pack("<III", 0, 0, 3)


def test_a_section_of_globals():
    section = of(
        U32, t.Var("target_pid", 1), t.Var("other", 1), t.FuncProto(0), t.Func("f", 4, 2),
        t.DataSec(".rodata", 8, (t.SecVar(2, 0, 4), t.SecVar(3, 4, 4), t.SecVar(5, 0, 0))),
    )  # fmt: skip
    assert section.decode(section.encode({"target_pid": 42})) == {"target_pid": 42, "other": 0}


def test_floats():
    assert of(t.Float("double", 8)).encode(1.5) == struct.pack("<d", 1.5)
    assert of(t.Float("float", 4), order=">").decode(struct.pack(">f", 0.25)) == 0.25
    assert of(t.Float("long double", 16)).decode(bytes(16)) == bytes(16)
    with pytest.raises(UsageError):
        of(t.Float("float", 4)).encode("much")


def test_pointers_booleans_and_arrays_of_structs():
    assert of(t.Ptr(0)).decode(bytes(7) + b"\x80") == 1 << 63
    assert of(BOOL).decode(b"\2") is True
    pair = t.Struct("p", 8, members(("a", 1, 0), ("b", 1, 32)))
    array = of(U32, pair, t.Array(2, 1, 2))
    assert array.decode(struct.pack("<4I", 1, 2, 3, 4)) == [{"a": 1, "b": 2}, {"a": 3, "b": 4}]
    assert array.encode([{"b": 2}]) == struct.pack("<4I", 0, 2, 0, 0)
    assert of(U32, t.Array(1, 1, 0)).decode(b"") == []
    assert of(t.Struct("", 0, ()), t.Array(1, 1, 1 << 19)).decode(b"") == []


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"pid": -1}, "pid cannot be -1; give an integer from 0 to 4294967295"),
        ({"pid": "7"}, "pid cannot be '7'"),
        ({"pdi": 7}, "the type has no member 'pdi'; did you mean pid?"),
        ({"comm": "x" * 17}, "comm cannot be"),
        ({"mac": [256]}, "mac cannot be"),
        ({"mac": "seven b"}, "mac cannot be 'seven b'; give text or bytes, at most 6"),
        ({"ports": [1, 2, 3]}, "ports cannot be"),
        ({"ports": [1, -2]}, r"ports\[1\] cannot be -2"),
        ({"ports": "ab"}, "ports cannot be"),
        ({"ok": 2}, "ok cannot be 2"),
        ({"low": 32}, "low cannot be 32; give an integer from 0 to 31"),
        (b"short", "invalid value: b'short'"),
        (7, "invalid value: 7; give"),
    ],
    ids=str,
)
def test_invalid_values(value, message):
    with pytest.raises(UsageError, match=message):
        of(*EVENT).encode(value)


def test_too_few_bytes():
    with pytest.raises(FormatError, match="only 3 of 4 bytes"):
        of(INT).decode(b"abc")


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([t.Func("f", 0)], id="a function"),
        pytest.param([t.Fwd("f")], id="a forward declaration"),
        pytest.param([t.Struct("s", 4, members(("s", 1, 0)))], id="a struct in itself"),
        pytest.param([t.Array(1, 1, 1)], id="an array of itself"),
        pytest.param([U32, t.Struct("s", 4, members(("a", 1, 8)))], id="a member over the end"),
        pytest.param([U32, t.Struct("s", 8, members(("a", 1, 4)))], id="a member within a byte"),
        pytest.param(
            [t.Float("f", 4), t.Struct("s", 8, members(("a", 1, 0, 4)), kind_flag=True)],
            id="a bitfield of a float",
        ),
        pytest.param([U32, t.Var("v", 1), t.DataSec("d", 4, (t.SecVar(2, 1, 4),))], id="a section"),
        pytest.param([U32, t.Array(1, 1, 1 << 31)], id="an endless array"),
        pytest.param(
            [U32] + [t.Union("", 4, members(("a", i, 0), ("b", i, 0))) for i in range(1, 31)],
            id="2 ** 30 views",
        ),
    ],
)  # fmt: skip
def test_damaged_types(records):
    with pytest.raises(FormatError):
        of(*records)


def test_a_bool_accepts_only_true_and_false():
    one = of(BOOL)
    assert [one.encode(value) for value in (True, 0, 1.0)] == [b"\1", b"\0", b"\1"]
    for value in (2, "yes", None, [1]):
        with pytest.raises(UsageError):
            one.encode(value)
