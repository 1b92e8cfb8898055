"""Log records: round trips, damaged records, formats."""

import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rawbpf.errors import FormatError
from rawbpf.events.log_record import (
    FORMATS,
    HEADER,
    NUMBERED,
    LogRecord,
    decode_log,
    encode_log,
    format_log,
)

U64, U32 = st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1)
COMM = st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=15)
RECORDS = st.builds(
    LogRecord,
    *(st.integers(1, 4), U64, U32, U32, U32, COMM),
    st.lists(U64, max_size=6).map(tuple),
    st.text(max_size=80),
)


@given(RECORDS, st.binary(max_size=7))
def test_a_record_survives_a_round_trip_with_any_padding(record, padding):
    assert decode_log(encode_log(record) + padding) == record


@given(st.binary(max_size=120))
@example(bytes(48))
@example(struct.pack("=IBBH", 2**32 - 1, 3, 255, 65535) + bytes(100))
def test_any_bytes_give_a_record_or_a_format_error(data):
    try:
        decode_log(data)
    except FormatError:
        pass


def test_comm_is_cut_at_the_first_nul():
    record = LogRecord(3, 0, 0, 0, 0, "sh\0ubbish", (), "x")
    assert decode_log(encode_log(record)).comm == "sh"


def test_a_record_with_inconsistent_sizes_is_rejected():
    raw = bytearray(encode_log(LogRecord(3, 0, 0, 0, 0, "sh", (1,), "x")))
    raw[5] = 9
    with pytest.raises(FormatError, match="inconsistent sizes"):
        decode_log(bytes(raw))
    assert HEADER.size == 48


@given(st.text(max_size=60), st.lists(U64, max_size=4))
@example("{", [1])
@example("{:999999999999}", [1])
@example("{0.__class__}", [1])
def test_formats_never_raise_or_produce_long_text(text, args):
    assert len(format_log(text, tuple(args))) <= len(text) * 30 + 30


@pytest.mark.parametrize(
    ("text", "args", "shown"),
    [
        ("{:d}", (2**64 - 1,), "-1"),
        ("{:ipv4}", (0x0100007F,), "127.0.0.1"),
        ("{:x} {:X}", (255, 255), "ff FF"),
        ("{{}}", (), "{}"),
        ("no {}", (), "no {missing}"),
    ],
)
def test_arguments_are_formatted_by_their_letters(text, args, shown):
    assert format_log(text, args) == shown


def numbered(number):
    raw = bytearray(encode_log(LogRecord(3, 5, 7, 8, 0, "sh", (), "")))
    raw[6:8] = (NUMBERED + number).to_bytes(2, "little")
    return bytes(raw)


def test_a_format_can_be_sent_by_its_number():
    assert decode_log(numbered(0)) == LogRecord(3, 5, 7, 8, 0, "sh", (), FORMATS[0])


def test_an_unknown_number_of_a_format_is_damage():
    with pytest.raises(FormatError, match=f"unknown format {len(FORMATS)}"):
        decode_log(numbered(len(FORMATS)))
