"""The perf ring's cursor, with a writer that behaves like the kernel."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.errors import UsageError
from rawbpf.ring.perf_records import parse_records
from rawbpf.ring.perf_ring import PerfRing
from tests.support.perf_ring_writer import PAGE, PerfRingWriter, sample_record


def no_fence() -> None:
    pass


def cursor(writer: PerfRingWriter) -> PerfRing:
    return PerfRing(memoryview(writer.memory), PAGE, no_fence)


@pytest.mark.parametrize("length", [0, 1, 4, 11, 12, 13, 64, 1000])
def test_records_are_read_at_every_position_around_the_end(length):
    """Writes a record at each offset near the end of the data area."""
    payload = bytes(index % 251 for index in range(length))
    record = sample_record(payload)
    for start in range(PAGE - len(record), PAGE + 8, 8):
        writer = PerfRingWriter(1, start=start)
        writer.sample(payload)
        (sample,) = parse_records(cursor(writer).take()).samples
        assert sample[:length] == payload
        assert len(sample) - length < 8
        assert writer.tail == writer.head == start + len(record)


@given(
    start=st.integers(0, 2**40).map(lambda n: n * 8),
    pages=st.sampled_from([1, 2, 4]),
    rounds=st.lists(st.lists(st.binary(max_size=600), max_size=12), max_size=8),
)
def test_every_record_is_delivered_or_reported_as_lost(start, pages, rounds):
    writer = PerfRingWriter(pages, start=start)
    ring = cursor(writer)
    for payloads in rounds:
        kept = [payload for payload in payloads if writer.sample(payload)]
        before = writer.pending_lost
        records = parse_records(ring.take())
        assert [s[: len(p)] for s, p in zip(records.samples, kept, strict=True)] == kept
        assert records.damage is None
        assert writer.tail == writer.head
        assert writer.pending_lost == before  # reported only with the next record that fits


def test_losses_are_reported_with_the_next_record():
    writer = PerfRingWriter(1)
    ring = cursor(writer)
    while writer.sample(b"x" * 500):
        pass
    assert not writer.sample(b"x" * 500)
    assert parse_records(ring.take()).lost == 0
    assert writer.sample(b"y")
    assert parse_records(ring.take()).lost == 2


@given(head=st.integers(0, 2**64 - 1), tail=st.integers(0, 2**64 - 1))
def test_impossible_positions_are_reported_as_damage(head, tail):
    writer = PerfRingWriter(1)
    writer.set_positions(head, tail)
    ring = cursor(writer)
    data = ring.take()
    if 0 <= head - tail <= PAGE:
        assert ring.damage is None
        assert len(data) == head - tail
    else:
        assert data == b""
        assert str(head) in (ring.damage or "")
    assert writer.tail == head  # reading continues at the kernel's position


def test_fences_are_before_reading_records_and_before_storing_the_tail():
    writer = PerfRingWriter(1)
    writer.sample(b"first")
    seen = []
    ring = PerfRing(memoryview(writer.memory), PAGE, lambda: seen.append(writer.tail))
    ring.take()
    assert seen == [0, 0]
    assert writer.tail == writer.head != 0


@pytest.mark.parametrize("size", [0, 1, PAGE - 1, 3 * PAGE])
def test_sizes_that_are_not_powers_of_two_are_rejected(size):
    with pytest.raises(UsageError, match="2\\^n"):
        PerfRing(memoryview(bytearray(PAGE + size)), PAGE, no_fence)


def test_release_releases_the_memory():
    memory = bytearray(2 * PAGE)
    view = memoryview(memory)
    ring = PerfRing(view, PAGE, no_fence)
    ring.release()
    view.release()  # BufferError if the cursor still had a view of it
    with pytest.raises(ValueError, match="released"):
        ring.take()
