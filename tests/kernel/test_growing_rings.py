"""Perf rings that fill up are replaced by larger rings, and no record is lost or out of order."""

import os
import resource
from pathlib import Path

import pytest

import rawbpf as library
from rawbpf.reading.perf_reader import PerfReader
from tests.support.calls import caller, getppid_function
from tests.support.markdown import ROOT

ROUNDS, COUNT = 8, 1000


@pytest.fixture(scope="module")
def function():
    return getppid_function()


def fill_again_and_again(function, **options):
    """Call the function many times between two passes. Return the events and the ledger."""
    cpus = sorted(os.sched_getaffinity(0))[:2]
    with (
        caller(COUNT, *cpus) as calls,
        library.Kprobe(function, pid=calls.pid, buffer_pages=1, **options) as probe,
    ):
        events = []
        for _ in range(ROUNDS):
            calls.call()
            events += probe.session.records(0)
        events += probe.detach()
        return events, probe.ledger, ROUNDS * COUNT * len(cpus)


def descriptors():
    return {int(path.name) for path in Path("/proc/self/fd").iterdir()}


def check(events, ledger, calls):
    assert ledger.sent + ledger.total_lost == calls
    assert len(events) == ledger.delivered == ledger.sent
    assert (ledger.damaged, ledger.unaccounted) == (0, 0)
    times = [event.ktime_ns for event in events]
    assert times == sorted(times)


def test_full_rings_grow_and_the_ledger_balances(function):
    events, ledger, calls = fill_again_and_again(function)
    check(events, ledger, calls)
    assert ledger.ring_pages >= 16, "enough for the calls of a round"
    assert ledger.sent > calls / 2
    assert f"rings grew to {ledger.ring_pages} pages" in ledger.summary()


def test_rings_grow_up_to_a_bound(function):
    events, ledger, calls = fill_again_and_again(function, max_buffer_pages=2)
    check(events, ledger, calls)
    assert ledger.ring_pages == 2
    assert set(ledger.lost) == {28}


def test_rings_that_may_not_grow_lose_records(function):
    events, ledger, calls = fill_again_and_again(function, max_buffer_pages=1)
    check(events, ledger, calls)
    assert ledger.ring_pages == 0
    assert "grew" not in ledger.summary()
    assert ledger.total_lost > calls / 2


def test_without_a_free_descriptor_the_old_ring_stays_and_the_ledger_says_so(function):
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with (
        caller(COUNT, 0) as calls,
        library.Kprobe(function, pid=calls.pid, buffer_pages=1) as probe,
    ):
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
        try:
            events = []
            for _ in range(4):
                calls.call()
                events += probe.session.records(0)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        events += probe.detach()
        ledger = probe.ledger
    check(events, ledger, 4 * COUNT)
    assert (ledger.ring_pages, ledger.not_grown) == (0, "EMFILE")
    assert ledger.summary().endswith(", rings could not grow: EMFILE")


def test_rings_grow_for_programs_of_other_objects_as_well(function, monkeypatch):
    monkeypatch.setattr("rawbpf.reading.ring_reader.PerfReader", _one_page)
    with caller(COUNT, 0) as calls, library.open(ROOT / "bpf_src" / "hello_kprobe.bpf.s") as obj:
        obj.load()
        events = obj.events("events")
        obj.attach({"hello_kprobe": function})
        got = 0
        for _ in range(ROUNDS):
            calls.call()
            got += sum(1 for _ in events.read(0))
        obj.detach()
        got += sum(1 for _ in events.read(0))
        counts = obj.maps["outcomes"]
        sent, full = (sum(counts[index]) for index in (0, 28))
        assert got == sent
        assert sent + full >= ROUNDS * COUNT
        assert events.ledger.ring_pages >= 16


def _one_page(ring, **_):
    return PerfReader(ring, pages=1)


def test_replaced_rings_are_closed_in_the_end(function):
    before = descriptors()
    with (
        caller(COUNT, 0) as calls,
        library.Kprobe(function, pid=calls.pid, buffer_pages=1) as probe,
    ):
        opened = len(descriptors())
        for _ in range(ROUNDS):
            calls.call()
            list(probe.session.records(0))
        assert probe.ledger.ring_pages
        list(probe.session.records(1.5))
        assert len(descriptors()) == opened
    assert descriptors() == before
