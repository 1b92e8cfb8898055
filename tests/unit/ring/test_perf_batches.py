"""Parsing in batches finds the same as a loop that looks at each record."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from rawbpf.ring.perf_records import parse_records
from tests.support.perf_ring_writer import sample_record


def one_by_one(data):
    """Samples, losses, other records, and where damage begins or None."""
    samples, lost, other, at = [], 0, 0, 0
    while at < len(data):
        if len(data) - at < 8:
            return samples, lost, other, at
        kind, _misc, size = struct.unpack_from("=IHH", data, at)
        if size < 8 or size % 8 or size > len(data) - at:
            return samples, lost, other, at
        if kind == 9 and size >= 12:
            (length,) = struct.unpack_from("=I", data, at + 8)
            if length > size - 12:
                return samples, lost, other, at
            samples.append(data[at + 12 : at + 12 + length])
        elif kind == 2 and size >= 24:
            lost += struct.unpack_from("=Q", data, at + 16)[0]
        else:
            other += 1
        at += size
    return samples, lost, other, None


def with_misc(record, misc):
    return record[:4] + struct.pack("=H", misc) + record[6:]


SAMPLE = st.binary(max_size=40).map(sample_record)
MANY = st.tuples(SAMPLE, st.integers(1, 200)).map(lambda one: one[0] * one[1])
USER_MODE = SAMPLE.map(lambda record: with_misc(record, 2))
LOST = st.integers(0, 9).map(lambda n: struct.pack("=IHHQQ", 2, 0, 24, 1, n))
OTHER = st.just(struct.pack("=IHHQ", 3, 0, 16, 0))
SHORTER = SAMPLE.map(lambda record: record[:8] + bytes(4) + record[12:])
DAMAGED = st.one_of(
    st.binary(max_size=30),
    st.just(struct.pack("=IHHI", 9, 0, 16, 5) + b"abcd"),
    st.just(struct.pack("=IHH", 9, 0, 0)),
)
RECORDS = st.one_of(MANY, MANY, SAMPLE, USER_MODE, LOST, OTHER, SHORTER)


@given(st.lists(RECORDS, max_size=8).map(b"".join), st.one_of(st.just(b""), DAMAGED))
def test_batches_contain_what_a_loop_finds(good, damaged):
    data = good + damaged
    samples, lost, other, damage_at = one_by_one(data)
    found = parse_records(data)
    assert (found.samples, found.lost, found.other) == (samples, lost, other)
    assert (found.damage is None) == (damage_at is None)


def test_like_records_are_one_batch_even_if_their_cpu_mode_differs():
    record = sample_record(b"ping")
    data = b"".join(with_misc(record, n % 3) for n in range(500))
    (batch,) = parse_records(data).batches
    assert batch.count == 500


def test_a_loss_divides_batches():
    lost = struct.pack("=IHHQQ", 2, 0, 24, 1, 7)
    found = parse_records(sample_record(b"a") * 9 + lost + sample_record(b"b") * 5)
    assert [batch.count for batch in found.batches] == [9, 5]
    assert found.lost == 7
