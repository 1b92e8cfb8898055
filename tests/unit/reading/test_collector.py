"""Records of several rings in one order, by a clock that may be told."""

import pytest

from rawbpf.events.log_record import LogRecord, encode_log
from rawbpf.reading.collector import Collector
from rawbpf.reading.ledger import Ledger
from rawbpf.reading.perf_reader import Drained
from rawbpf.ring.perf_ring import Contents

NOW = 1_000_000


def record(ktime_ns, text="x"):
    return LogRecord(3, ktime_ns, 1, 1, 0, "cat", (), text)


class Rings:
    """A reader whose passes find these times, a list for each CPU."""

    def __init__(self, *passes):
        self._passes = list(passes)

    def drain(self):
        found = self._passes.pop(0) if self._passes else []
        for cpu, times in enumerate(found):
            samples = [encode_log(record(ktime)) for ktime in times]
            yield Drained(cpu, Contents(samples, 0, 0, None), 0.0)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("time.clock_gettime_ns", lambda _: NOW)


def times(batch):
    return [one.ktime_ns for one in batch]


def test_what_is_younger_than_a_pass_waits_for_the_next():
    ledger = Ledger()
    collector = Collector(Rings([[3, NOW + 5], [1, 2]], [[], [NOW - 1]]), ledger)
    assert times(collector.collect()) == [1, 2, 3]
    assert collector.holding
    assert times(collector.collect()) == [NOW - 1, NOW + 5]
    assert not collector.holding
    assert ledger.delivered == 5


def test_where_our_clock_is_behind_nothing_waits_for_more_than_one_pass():
    collector = Collector(Rings([[NOW + 7]], [[NOW + 9]], []), Ledger())
    assert [times(collector.collect()) for _ in range(3)] == [[], [NOW + 7], [NOW + 9]]


def test_the_last_pass_leaves_nothing():
    collector = Collector(Rings([[NOW + 7]], [[NOW + 6]]), Ledger())
    assert collector.collect() == []
    assert times(collector.collect_all()) == [NOW + 6, NOW + 7]


def test_what_is_no_log_record_is_counted_as_damaged():
    ledger = Ledger()
    rings = Rings()
    rings.drain = lambda: [Drained(0, Contents([b"short"], 0, 0, "cut"), 0.5)]
    collector = Collector(rings, ledger)
    assert collector.collect() == []
    assert ledger.damaged == 2
    assert collector.crowded
