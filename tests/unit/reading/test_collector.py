"""The collector: records of several rings in one order, with what is known of their losses."""

import errno

import pytest

from rawbpf.errors import FormatError
from rawbpf.reading.collector import Collector
from rawbpf.reading.order import Record
from tests.support.rings import Rings, drained, flat, one_by_one

NOW = 1_000_000


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("time.clock_gettime_ns", lambda _: NOW)


def a_number(_map, _cpu, data):
    """Decode a time stamp, which is the whole record here."""
    if len(data) != 8:
        raise FormatError("not a time stamp")
    return int.from_bytes(data, "little")


def by_time(*passes):
    """A collector whose passes find these times, a list for each CPU."""
    rings = Rings(
        *(
            [drained(cpu, *(time.to_bytes(8, "little") for time in times)) for cpu, times in cpus]
            for cpus in map(enumerate, passes)
        )
    )
    return Collector({"events": rings}, one_by_one(a_number), time_at=0)


def test_records_newer_than_a_pass_wait_for_the_next_pass():
    collector = by_time([[3, NOW + 5], [1, 2]], [[], [NOW - 1]])
    assert flat(collector.collect()) == [1, 2, 3]
    assert collector.holding
    assert flat(collector.collect()) == [NOW - 1, NOW + 5]
    assert not collector.holding


def test_no_record_waits_for_more_than_one_pass_if_our_clock_is_behind():
    collector = by_time([[NOW + 7]], [[NOW + 9]], [])
    assert [flat(collector.collect()) for _ in range(3)] == [[], [NOW + 7], [NOW + 9]]


def test_in_a_time_namespace_the_offset_of_our_clock_is_taken_away(monkeypatch):
    name = "rawbpf.reading.collector.time_namespace_offset_ns"
    monkeypatch.setattr(name, lambda: 100)
    collector = by_time([[NOW - 101, NOW - 99]], [])
    assert [flat(collector.collect()) for _ in range(2)] == [[NOW - 101], [NOW - 99]]


def test_the_last_pass_returns_everything():
    collector = by_time([[NOW + 7]], [[NOW + 6]])
    assert flat(collector.collect()) == []
    assert flat(collector.collect_all()) == [NOW + 6, NOW + 7]


def test_bytes_that_cannot_be_decoded_are_counted_as_damaged():
    rings = Rings([drained(0, b"short", damage="cut off", fill=0.5)])
    collector = Collector({"events": rings}, one_by_one(a_number))
    assert flat(collector.collect()) == []
    assert collector.ledger.damaged == 2
    assert collector.crowded


def test_records_carry_their_map_and_cpu_and_losses_are_counted():
    perf = Rings([drained(0, b"a", b"b", lost=2), drained(1, b"c", lost=1, fill=0.9)], [])
    collector = Collector(
        {"samples": perf, "events": Rings([drained(-1, b"d")])}, one_by_one(Record)
    )
    assert collector.filenos() == []
    assert flat(collector.collect()) == [
        Record("samples", 0, b"a"),
        Record("samples", 0, b"b"),
        Record("samples", 1, b"c"),
        Record("events", -1, b"d"),
    ]
    assert collector.crowded
    assert not collector.holding
    assert flat(collector.collect_all()) == []
    assert not collector.crowded
    assert collector.ledger.lost == {errno.ENOSPC: 3}
