"""Function, line and CO-RE records: round trips and damage."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.btf.ext_info import (
    CoreRelo,
    ExtInfo,
    FuncInfo,
    LineInfo,
    decode_ext_info,
    encode_ext_info,
    pack,
)
from rawbpf.btf.strings import Strings, StringTable
from rawbpf.errors import FormatError
from tests.support.btf_records import build, names, u32

SAMPLE = ExtInfo(
    {".text": [FuncInfo(0, 1)], "kprobe/f": [FuncInfo(0, 2), FuncInfo(16, 3)]},
    {"kprobe/f": [LineInfo(0, "a.c", "int f(void) {", 7, 3)]},
    {"kprobe/f": [CoreRelo(8, 4, "0:1:2", 0)]},
)


def tables(record):
    sections = st.text("abc./", min_size=1, max_size=5)
    return st.dictionaries(sections, st.lists(record, min_size=1, max_size=3), max_size=3)


lines = build(LineInfo, u32, names, names, st.integers(0, (1 << 22) - 1), st.integers(0, 1023))
infos = build(
    ExtInfo,
    tables(build(FuncInfo, u32, u32)),
    tables(lines),
    tables(build(CoreRelo, u32, u32, names, u32)),
)


def round_trip(info, order="<"):
    strings = StringTable()
    data = encode_ext_info(info, strings, order)
    return decode_ext_info(data, Strings(strings.encode()))


@given(infos, st.sampled_from("<>"))
def test_round_trip(info, order):
    assert round_trip(info, order) == info


def test_sections_without_records_are_not_written():
    assert round_trip(ExtInfo({".text": []}, {}, {})) == ExtInfo({}, {}, {})


def test_lines_and_columns_that_exceed_their_fields_are_truncated():
    info = ExtInfo({}, {"s": [LineInfo(0, "a", "b", 1 << 30, 5000)]}, {})
    assert round_trip(info).line_info["s"][0][3:] == ((1 << 22) - 1, 1023)


def test_a_line_of_any_length():
    info = ExtInfo({}, {"s": [LineInfo(0, "a", "x" * 10_000, 1, 1)]}, {})
    assert round_trip(info) == info


def test_many_records_may_share_one_line():
    """The lines of a function that is inlined everywhere are read from the strings once."""
    info = ExtInfo({}, {"tc": [LineInfo(8 * i, "a.c", "x" * 999, 1, 1) for i in range(999)]}, {})
    table = StringTable()
    data = encode_ext_info(info, table)
    strings = Strings(table.encode())
    assert decode_ext_info(data, strings) == decode_ext_info(data, strings) == info


def test_unknown_fields_of_longer_records_are_ignored():
    strings = StringTable()
    name = strings.add(".text")
    words = struct.pack("<8I", 16, name, 1, 8, 5, 77, 78, 0)[:28]
    data = struct.pack("<HBBI6I", 0xEB9F, 1, 0, 32, 0, 28, 28, 0, 28, 0) + words
    info = decode_ext_info(data, Strings(strings.encode()))
    assert info.func_info == {".text": [FuncInfo(8, 5)]}


def test_the_first_headers_have_no_core_relocations():
    strings = StringTable()
    data = encode_ext_info(SAMPLE._replace(core_relos={}), strings)
    older = data[:4] + struct.pack("<I", 24) + data[8:24] + data[32:]
    assert decode_ext_info(older, Strings(strings.encode())) == SAMPLE._replace(core_relos={})


def test_records_packed_for_the_kernel():
    strings = StringTable()
    data = pack([LineInfo(2, "a.c", "f", 7, 3)], strings, "<")
    assert struct.unpack("<4I", data) == (2, 1, 5, 7 << 10 | 3)


def test_every_truncation_is_an_error():
    strings = StringTable()
    data = encode_ext_info(SAMPLE, strings)
    for length in range(len(data)):
        with pytest.raises(FormatError):
            decode_ext_info(data[:length], Strings(strings.encode()))


@pytest.mark.parametrize(
    ("word", "value", "message"),
    [
        (8, 4, "invalid record size 4"),
        (8, 10, "invalid record size 10"),
        (8, 0, "invalid record size 0"),
        (9, 1 << 20, "name offset"),
        (10, 0, "no records"),
        (10, 1 << 31, "no records"),
        (3, 2, "table of 2 bytes"),
        (3, 1 << 31, "table of"),
    ],
)
def test_damage(word, value, message):
    strings = StringTable()
    data = bytearray(encode_ext_info(SAMPLE, strings))
    struct.pack_into("<I", data, 4 * word, value)
    with pytest.raises(FormatError, match=message):
        decode_ext_info(bytes(data), Strings(strings.encode()))


@pytest.mark.parametrize("data", [b"", b"\x9f\xeb\x02\0" + bytes(28), b"\x7fELF" + bytes(28)])
def test_no_ext_info(data):
    with pytest.raises(FormatError):
        decode_ext_info(data, Strings(b"\0"))
