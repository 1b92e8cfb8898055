"""Parsing the records of a perf ring, including damaged ones."""

import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rawbpf.ring.perf_records import parse_records
from tests.support.perf_ring_writer import sample_record


@given(st.binary(max_size=300))
@example(b"\0" * 8)
@example(struct.pack("=IHH", 9, 0, 65535))
@example(struct.pack("=IHHI", 9, 0, 16, 2**32 - 1) + b"abcd")
def test_any_bytes_can_be_parsed(data):
    records = parse_records(data)
    assert sum(map(len, records.samples)) <= len(data)


@pytest.mark.parametrize(
    ("record", "damage"),
    [
        (struct.pack("=IHH", 9, 0, 0), "invalid record size 0"),
        (struct.pack("=IHH", 9, 0, 7), "invalid record size 7"),
        (struct.pack("=IHH", 9, 0, 12) + bytes(8), "invalid record size 12"),
        (struct.pack("=IHH", 9, 0, 65535), "invalid record size 65535"),
        (struct.pack("=IHHI", 9, 0, 16, 5) + b"abcd", "5 raw bytes do not fit into a record of 16"),
        (b"\x09\0\0", "only 3 bytes left at 16, less than a header"),
    ],
)
def test_records_before_damage_are_returned(record, damage):
    records = parse_records(sample_record(b"good") + record)
    assert records.samples == [b"good"]
    assert damage in (records.damage or "")


def test_records_of_other_types_are_counted():
    records = parse_records(struct.pack("=IHHQ", 3, 0, 16, 0) + sample_record(b"after"))
    assert records.other == 1
    assert records.samples[0][:5] == b"after"


def test_losses_are_added_up():
    lost = [struct.pack("=IHHQQ", 2, 0, 24, 1, n) for n in (3, 4)]
    assert parse_records(lost[0] + sample_record(b"") + lost[1]).lost == 7
