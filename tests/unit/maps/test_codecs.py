"""Keys and values of maps, converted without a kernel."""

import socket
from dataclasses import dataclass

import pytest

from rawbpf.btf.btf import Btf
from rawbpf.btf.encode import BtfBuilder
from rawbpf.errors import UsageError
from rawbpf.maps.codecs import Lpm, MapCodecs, PerCpu, Plain, codec_of
from rawbpf.specs.map_spec import MapSpec
from rawbpf.uapi.bpf import bpf_map_type

HASH = bpf_map_type.BPF_MAP_TYPE_HASH


@pytest.fixture(scope="module")
def described():
    """A map from {u32 pid; u32 cpu} to {u64 calls; char comm[8]}."""
    b = BtfBuilder()
    u32, u64, char = b.add_int("u32", 4), b.add_int("u64", 8), b.add_int("char", 1, signed=True)
    key = b.add_struct("key", 8, [("pid", u32, 0), ("cpu", u32, 32)])
    value = b.add_struct("value", 16, [("calls", u64, 0), ("comm", b.add_array(char, 8, u32), 64)])
    spec = MapSpec("seen", HASH, 8, 16, 1, btf_key_type_id=key, btf_value_type_id=value)
    return MapCodecs.of(spec, Btf(b.encode()))


@dataclass
class Key:
    pid: int
    cpu: int


@pytest.mark.parametrize(
    "key", [{"pid": 7, "cpu": 1}, Key(7, 1), bytes.fromhex("07000000 01000000")], ids=str
)
def test_a_struct_is_encoded_from_a_dict_an_object_or_bytes(described, key):
    assert described.encode_key(key).hex() == "0700000001000000"
    assert described.decode_key(described.encode_key(key)) == {"pid": 7, "cpu": 1}


def test_values_are_decoded_by_their_types(described):
    data = described.encode_value({"calls": 3, "comm": "cat"})
    assert described.value.decode(data) == {"calls": 3, "comm": b"cat"}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"pid": -1}, "pid cannot be -1"),
        ({"pdi": 1}, "did you mean pid"),
        (b"short", "8 bytes, or a dict"),
        ("text", "a dict"),
        (None, "a dict"),
    ],
)
def test_an_invalid_key_is_one_line_that_names_the_map(described, value, said):
    with pytest.raises(UsageError, match=said) as caught:
        described.encode_key(value)
    assert str(caught.value).startswith("invalid key for map 'seen': ")
    assert "\n" not in str(caught.value)


def test_a_type_of_another_size_is_ignored():
    b = BtfBuilder()
    b.add_int("u32", 4)
    assert codec_of(8, "", Btf(b.encode()), 1).encode(1) == (1).to_bytes(8, "little")


@pytest.mark.parametrize(("name", "value"), [("", 0xFFFFFFFF), ("u32", 0xFFFFFFFF), ("s32", -1)])
def test_integers_are_decoded_by_name(name, value):
    assert codec_of(4, name, None, 0).decode(b"\xff" * 4) == value


@pytest.mark.parametrize(
    "value", [1 << 32, -(1 << 31) - 1, b"12345", b"123", b"", "abc", 1.5, None, [1]]
)
def test_values_that_do_not_fit_four_bytes_are_errors(value):
    with pytest.raises(UsageError, match="an integer or 4 bytes"):
        Plain(4).encode(value)


def test_values_of_other_sizes_are_bytes():
    assert Plain(6).encode(b"abc") == b"abc\0\0\0"
    assert Plain(6).decode(b"abcdef") == b"abcdef"
    with pytest.raises(UsageError, match="does not fit; give 6 bytes"):
        Plain(6).encode("sevenths")
    with pytest.raises(UsageError, match="give 6 bytes"):
        Plain(6).encode(b"")


def test_per_cpu_values_are_padded_to_8_bytes_and_counted():
    codec = PerCpu(Plain(3), 2)
    assert codec.size == 16
    assert codec.encode([b"abc", b"d"]) == b"abc\0\0\0\0\0d\0\0\0\0\0\0\0"
    assert codec.encode(b"abc") == b"abc\0\0\0\0\0" * 2
    assert codec.decode(codec.encode([b"abc", b"d"])) == [b"abc", b"d\0\0"]
    with pytest.raises(UsageError, match="the list has 3 values, but this machine has 2 CPUs"):
        codec.encode([1, 2, 3])


def test_prefixes_are_encoded_from_tuples_and_strings():
    v4, v6 = Lpm(8), Lpm(20)
    assert v4.encode((24, bytes([10, 1, 2, 0]))) == bytes([24, 0, 0, 0, 10, 1, 2, 0])
    assert v4.encode("10.1.2.9/24") == v4.encode((24, bytes([10, 1, 2])))
    assert v6.encode("fe80::/10")[:6].hex() == "0a000000fe80"
    for wrong in ("fe80::/10", "no network", (33, b""), (8, b"12345"), (8, "text"), 7):
        with pytest.raises(UsageError):
            v4.encode(wrong)


def test_an_object_with_fileno_is_a_descriptor():
    types = MapCodecs.of(MapSpec("socks", bpf_map_type.BPF_MAP_TYPE_SOCKMAP, 4, 4, 1), None)
    with socket.socket() as one, types.holding(one) as data:
        assert int.from_bytes(data, "little") == one.fileno()


def test_a_queue_has_no_keys():
    types = MapCodecs.of(MapSpec("work", bpf_map_type.BPF_MAP_TYPE_QUEUE, 0, 4, 1), None)
    with pytest.raises(UsageError, match="map 'work' has no keys; use push, pop and peek"):
        types.encode_key(1)
