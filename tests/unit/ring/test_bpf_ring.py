"""The ring buffer's cursor over plain buffers: positions, lengths, flags and damage."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.errors import UsageError
from rawbpf.ring.bpf_ring import BUSY, DISCARD, BpfRing

PAGE = 4096


class Writer:
    """Writes like the kernel to two plain buffers; the data is stored twice, as it is mapped."""

    def __init__(self, size=PAGE, start=0):
        self.size = size
        self.consumer, self.producer = bytearray(PAGE), bytearray(PAGE + 2 * size)
        self.position = start
        struct.pack_into("=Q", self.consumer, 0, start)
        struct.pack_into("=Q", self.producer, 0, start)
        self.ring = BpfRing(
            memoryview(self.consumer), memoryview(self.producer), PAGE, lambda: None
        )

    def store(self, offset, data):
        for i, byte in enumerate(data):
            at = (offset + i) % self.size
            self.producer[PAGE + at] = self.producer[PAGE + self.size + at] = byte

    def write(self, data, flags=0):
        """Write a record. Return False if the ring is full."""
        step = -(-(len(data) + 8) // 8) * 8
        if self.position + step - self.consumed > self.size - 1:
            return False
        self.store(self.position, struct.pack("=II", len(data) | flags, 0) + data)
        self.position += step
        struct.pack_into("=Q", self.producer, 0, self.position)
        return True

    def take(self):
        return [record for batch in self.ring.take() for record in batch.records()]

    @property
    def consumed(self):
        return struct.unpack_from("=Q", self.consumer)[0]


@given(
    st.integers(0, 1 << 40).map(lambda n: n * 8),
    st.lists(st.tuples(st.binary(max_size=600), st.booleans()), max_size=40),
    st.integers(1, 7),
)
def test_submitted_records_are_read_once_and_in_order(start, records, every):
    writer, wanted, got = Writer(start=start), [], []
    for number, (data, discarded) in enumerate(records):
        if not writer.write(data, DISCARD if discarded else 0):
            got += writer.take()
            assert writer.write(data, DISCARD if discarded else 0)
        if not discarded:
            wanted.append(data)
        if not number % every:
            got += writer.take()
    got += writer.take()
    assert got == wanted
    assert writer.ring.damage is None
    assert writer.consumed == writer.position
    assert writer.ring.fill == 0


def test_a_busy_record_holds_up_later_ones_until_it_is_submitted():
    writer = Writer()
    writer.write(b"first")
    busy = writer.position
    writer.write(b"second", BUSY)
    writer.write(b"third")
    assert writer.take() == [b"first"]
    assert writer.consumed == busy
    assert writer.take() == []
    writer.store(busy, struct.pack("=I", len(b"second")))
    assert writer.take() == [b"second", b"third"]


@pytest.mark.parametrize("length", [PAGE, PAGE - 7, DISCARD - 1])
def test_a_record_longer_than_the_ring_contents_is_damage(length):
    writer = Writer()
    writer.write(b"good")
    bad = writer.position
    writer.write(b"bad")
    writer.store(bad, struct.pack("=I", length))
    assert writer.take() == [b"good"]
    assert f"a record has {length} bytes" in writer.ring.damage
    assert writer.consumed == writer.position  # reading continues


@pytest.mark.parametrize("producer", [0, 8 + PAGE + 8, (1 << 64) - 8])
def test_impossible_positions_are_damage(producer):
    writer = Writer(start=8)
    struct.pack_into("=Q", writer.producer, 0, producer)
    assert writer.take() == []
    assert "positions" in writer.ring.damage


@pytest.mark.parametrize("size", [0, 2048, 3 * PAGE])
def test_invalid_sizes_are_rejected(size):
    with pytest.raises(UsageError):
        BpfRing(memoryview(bytearray(PAGE)), memoryview(bytearray(PAGE + 2 * size)), PAGE, int)


@given(st.binary(min_size=64, max_size=64), st.integers(0, PAGE))
def test_any_bytes_can_be_read(data, length):
    writer = Writer()
    writer.store(0, data * (PAGE // 64))
    struct.pack_into("=Q", writer.producer, 0, length)
    for _ in range(3):
        writer.ring.take()
    assert writer.consumed <= PAGE


@pytest.mark.parametrize("special", [BUSY, DISCARD])
@pytest.mark.parametrize("at", [0, 1, 63, 64, 65, 149])
def test_a_run_of_like_records_ends_at_a_record_with_a_flag(special, at):
    writer = Writer()
    for number in range(150):
        writer.write(number.to_bytes(4, "little"), special if number == at else 0)
    wanted = list(range(at)) if special == BUSY else [n for n in range(150) if n != at]
    batches = writer.ring.take()
    found = [int.from_bytes(one, "little") for batch in batches for one in batch.records()]
    assert found == wanted
    assert len(batches) <= 2


def test_like_records_are_one_batch():
    writer = Writer(start=8 * 300)
    for _ in range(200):
        writer.write(b"12345678")
    (batch,) = writer.ring.take()
    assert (batch.count, batch.size) == (200, 8)
