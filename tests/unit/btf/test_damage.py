"""Damaged blobs and their errors."""

import struct

import pytest

from rawbpf.btf import types as t
from rawbpf.btf.btf import Btf
from rawbpf.errors import FormatError
from tests.support.btf_records import EVERY_KIND, INT, blob, btf


def header(**changed):
    """Return a blob of one int with some header fields changed."""
    data = blob(INT)
    names = ("magic", "version", "flags", "hdr_len", "type_off", "type_len", "str_off", "str_len")
    fields = dict(zip(names, struct.unpack_from("<HBBIIIII", data), strict=True))
    assert set(changed) <= set(fields)
    return struct.pack("<HBBIIIII", *(fields | changed).values()) + data[24:]


def with_layout(words, layout, strings=b"\0"):
    """Return a blob with the layout section of Linux 7.1."""
    types = struct.pack(f"<{len(words)}I", *words)
    rows = b"".join(struct.pack("<BBH", *row) for row in layout)
    sizes = 0, len(types), len(types) + len(rows), len(strings), len(types), len(rows)
    return struct.pack("<HBBI6I", 0xEB9F, 1, 0, 32, *sizes) + types + rows + strings


def test_every_truncation_is_an_error():
    data = blob(*EVERY_KIND)
    for length in range(len(data)):
        with pytest.raises(FormatError):
            Btf.from_bytes(data[:length])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"magic": 0x1234}, "not BTF"),
        ({"version": 2}, "version 2"),
        ({"flags": 1}, "flags"),
        ({"hdr_len": 23}, "invalid header length 23"),
        ({"hdr_len": 1 << 31}, "header"),
        ({"type_off": 2}, "not a multiple of 4"),
        ({"type_len": 15}, "not a multiple of 4"),
        ({"type_len": 1 << 31}, "the type section ends"),
        ({"type_len": 12}, "type 1 ends"),
        ({"type_len": 4}, "type 0 ends"),
        ({"type_len": 20}, "overlap"),
        ({"str_off": 8}, "overlap"),
        ({"str_len": 1 << 31}, "the string section ends"),
        ({"str_len": 0}, "NUL"),
        ({"str_len": 3}, "NUL"),
        ({"str_off": 17, "str_len": 4}, "the first string"),
    ],
    ids=str,
)
def test_headers(changed, message):
    with pytest.raises(FormatError, match=message):
        Btf.from_bytes(header(**changed))


def test_an_empty_blob_is_fine():
    assert len(Btf.from_bytes(blob())) == 1


def test_unknown_fields_of_a_longer_header_are_ignored():
    data = blob(INT)
    longer = data[:4] + struct.pack("<I", 48) + data[8:24] + bytes(24) + data[24:]
    assert Btf.from_bytes(longer)[1] == INT


def test_an_unknown_kind():
    with pytest.raises(FormatError, match="unknown BTF kind 42"):
        Btf.from_bytes(with_layout([0, 42 << 24, 0], []))


def test_an_unknown_kind_whose_size_is_in_the_layout_section():
    kinds = [(0, 0, 0)] * 42 + [(4, 8, 0)]
    words = [0, 42 << 24 | 2, 7, 1, 2, 3, 4, 5]
    opened = Btf.from_bytes(with_layout([*words, 0, 2 << 24, 1], kinds))
    assert opened[1] == t.Unknown("", 42 << 24 | 2, 7, (1, 2, 3, 4, 5))
    assert opened[2] == t.Ptr(1)
    with pytest.raises(FormatError, match="Unknown cannot be encoded"):
        blob(opened[1])


def test_a_layout_section_out_of_range():
    data = with_layout([0, 2 << 24, 0], [(0, 0, 0)])
    with pytest.raises(FormatError, match="the layout section ends"):
        Btf.from_bytes(data[:28] + struct.pack("<I", 4096) + data[32:])


@pytest.mark.parametrize("type_id", [-1, 2, 1 << 31])
def test_ids_out_of_range(type_id):
    opened = btf(INT)
    with pytest.raises(FormatError, match=f"no type {type_id}"):
        opened[type_id]
    with pytest.raises(FormatError, match=f"no type {type_id}"):
        opened.kind(type_id)


def test_ids_out_of_range_above_a_base():
    split = btf(INT, base=btf(INT))
    assert split[2] == INT
    for type_id in (-1, 3):
        with pytest.raises(FormatError):
            split[type_id]


def test_a_name_beyond_the_strings():
    data = bytearray(blob(INT))
    data[24:28] = struct.pack("<I", 5)
    with pytest.raises(FormatError, match="name offset 5"):
        Btf.from_bytes(bytes(data))[1]


def test_a_name_that_is_too_long():
    with pytest.raises(FormatError, match="too long"):
        btf(t.Typedef("x" * 1025, 0))[1]
    assert btf(t.Typedef("x" * 1024, 0))[1]


def test_names_that_overlap_excessively():
    """Each name starts one byte later in the same string: 12 kB yield 2,000,000 bytes of names."""
    data = bytearray(blob(t.Typedef("x" * 2000, 0), *[t.Ptr(0)] * 2000))
    for index in range(2000):
        struct.pack_into("<III", data, 36 + 12 * index, 1 + index, 8 << 24, 0)
    opened = Btf.from_bytes(bytes(data))
    with pytest.raises(FormatError):
        list(opened)


def test_a_split_blob_without_its_base():
    data = blob(t.Typedef("mine", 1), base=btf(INT))
    with pytest.raises(FormatError, match="without its base"):
        Btf.from_bytes(data)
