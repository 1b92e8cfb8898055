"""Delivered and lost events add up to the exact number of calls."""

import os
import re
import signal
from pathlib import Path

import pytest

import rawbpf as library
from tests.support.calls import caller, getppid_function
from tests.support.command import running, summary

COUNT = 2000


@pytest.fixture(scope="module")
def function():
    return getppid_function()


def test_calls_on_two_cpus_are_all_delivered_in_order(function):
    cpus = sorted(os.sched_getaffinity(0))[:2]
    assert len(cpus) == 2, "the guest has two CPUs"
    with caller(COUNT, *cpus) as calls:
        with running("-v", "kprobe", function, "--pid", str(calls.pid), "--json") as probe:
            probe.wait_for("attached to")
            calls.call()
            assert probe.end() == 0
        events = probe.events()
        delivered, lost = summary(probe.errors)
        assert delivered + lost == 2 * COUNT
        assert len(events) == delivered
        assert {event["pid"] for event in events} == {calls.pid}
        assert {event["cpu"] for event in events} == set(cpus)
        assert [e["ktime_ns"] for e in events] == sorted(e["ktime_ns"] for e in events)


def test_a_one_page_ring_under_load_reports_the_exact_loss(function):
    cpu = min(os.sched_getaffinity(0))
    with caller(COUNT, cpu) as calls:
        words = "kprobe", function, "--pid", str(calls.pid), "--buffer-pages", "1"
        with running(*words) as probe:
            probe.wait_for("Listening for events")
            probe.process.send_signal(signal.SIGSTOP)
            calls.call()
            probe.process.send_signal(signal.SIGCONT)
            assert probe.end() == 0
        delivered, lost = summary(probe.text)
        assert delivered + lost == COUNT
        assert 0 < delivered < 100, "a page holds 64 records"
        assert "ENOSPC: the ring was full" in probe.text
        assert probe.text.count("kprobe triggered!") == delivered


def test_calls_by_other_processes_are_neither_delivered_nor_counted(function):
    with caller(10, 0) as mine, caller(10, 0) as other:
        with library.Kprobe(function, pid=mine.pid) as probe:
            mine.call()
            other.call()
            events = []
            probe.stop()
            for batch in probe.batches():
                events += batch
            ledger = probe.ledger
        assert [event.pid for event in events] == [mine.pid] * 10
        assert (ledger.sent, ledger.delivered, ledger.total_lost, ledger.unaccounted) == (
            10,
            10,
            0,
            0,
        )


def test_the_python_api(function):
    with caller(3, 0) as calls, library.Kprobe(function, pid=calls.pid) as probe:
        calls.call()
        seen = [(event.comm, event.pid, event.message) for event in probe.events(duration=0.5)]
    assert len(seen) == 3
    assert seen[0][1:] == (calls.pid, "kprobe triggered!")
    assert seen[0][0].startswith("python")


def own_calls(function, **options):
    """Trace five calls by this process. Return the number of events and the ledger."""
    with library.Kprobe(function, **options) as probe:
        for _ in range(5):
            os.getppid()
        probe.stop()
        mine = [event for event in probe.events() if event.pid == os.getpid()]
        return len(mine), probe.ledger


def test_a_script_traces_its_own_calls_unless_it_excludes_itself(function):
    events, ledger = own_calls(function)
    assert (events, ledger.skipped) == (5, 0)
    events, ledger = own_calls(function, exclude_self=True)
    assert (events, ledger.skipped) == (0, 5)
    assert ledger.unaccounted == 0
    assert "5 calls by rawbpf itself skipped" in ledger.summary()


def writers(*options):
    """Trace vfs_write. Return whether the command traced itself, and its stderr."""
    with running("kprobe", "vfs_write", "--json", *options) as probe:
        while not any('"pid"' in line for line in probe.lines):
            Path("/tmp/written").write_bytes(b"x")
        assert probe.end() == 0
    pids = {event["pid"] for event in probe.events()}
    assert os.getpid() in pids
    return probe.process.pid in pids, probe.errors


def test_the_command_skips_its_own_calls_and_counts_them():
    traced, errors = writers()
    assert not traced
    assert re.search(r", [1-9]\d* calls by rawbpf itself skipped", errors)


def test_with_self_includes_the_calls_of_the_command():
    traced, errors = writers("--with-self")
    assert traced
    assert "skipped" not in errors
