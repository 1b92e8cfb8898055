"""Enumerators by name, pointers in hexadecimal, arrays of u8 as numbers; all of them usable."""

import json

import pytest

from rawbpf.btf import types as t
from rawbpf.btf.btf import Btf
from rawbpf.btf.encode import BtfBuilder
from rawbpf.btf.values.codec import codec
from rawbpf.errors import UsageError
from rawbpf.output.values import plain, value_text, values_line
from tests.support.btf_records import btf

COLOR = t.Enum(
    "color", 4, (t.Enumerator("RED", 0), t.Enumerator("BLUE", -2), t.Enumerator("ALSO", 0)), True
)
BIG = t.Enum64("big", 8, (t.Enumerator("B1", 0x123456789ABC),))
POINTER = 0xFFFF888000000000


@pytest.fixture
def reader():
    b = BtfBuilder()
    u8, u32 = b.add_int("unsigned char", 1), b.add_int("unsigned int", 4)
    color, big, pointer = b.add(COLOR), b.add(BIG), b.add(t.Ptr(0))
    members = [
        ("big", big, 0),
        ("p", pointer, 64),
        ("color", color, 128),
        ("arr", b.add_array(color, 2, u32), 160),
        ("raw", b.add_array(u8, 4, u32), 224),
    ]
    number = b.add_struct("all", 32, members)
    return codec(Btf(b.encode()), number)


VALUE = {"big": 0x123456789ABC, "p": POINTER, "color": -2, "arr": [0, 77], "raw": b"\1\2\xff\0"}


def test_text_and_json(reader):
    value = reader.decode(reader.encode(VALUE))
    assert value == VALUE
    line = "big=B1 p=0xffff888000000000 color=BLUE arr=[RED, 77] raw='\\x01\\x02\\xff\\x00'"
    assert values_line(value) == line
    assert plain(value) == {
        "big": "B1",
        "p": "0xffff888000000000",
        "color": "BLUE",
        "arr": ["RED", 77],
        "raw": [1, 2, 255, 0],
    }


def test_json_output_can_be_encoded_again(reader):
    data = reader.encode(VALUE)
    assert reader.encode(json.loads(json.dumps(plain(reader.decode(data))))) == data


def test_they_stay_numbers():
    color = codec(btf(COLOR), 1).decode(b"\xfe\xff\xff\xff")
    assert (color, color + 1, f"{color:d}", str(color)) == (-2, -1, "-2", "BLUE")
    assert {-2: "x"}[color] == "x"
    assert value_text([color]) == "[BLUE]"


@pytest.mark.parametrize("value", ["none", "0xg", 1 << 64, -1])
def test_addresses_that_are_none(value):
    with pytest.raises(UsageError, match="invalid value"):
        codec(btf(t.Ptr(0)), 1).encode(value)
