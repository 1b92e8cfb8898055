"""Time stamps of events and programs, from inside a time namespace."""

import json
import os
import time

import pytest

import rawbpf as library
from rawbpf.kernel.hardware import wall_clock_offset_ns
from tests.support.calls import getppid_function
from tests.support.command import opening_files, rawbpf
from tests.support.denied import in_child, in_time_namespace

pytestmark = pytest.mark.usefixtures("memory")

DAY = 86_400
AHEAD = pytest.mark.parametrize("ahead", [DAY, -3])


def stamps():
    """Return a time of day before and after a call, and the call's own."""
    with library.Kprobe(getppid_function()) as probe:
        before = time.time_ns()
        os.getppid()
        after = time.time_ns()
        offset = wall_clock_offset_ns()
        probe.stop()
        found = [one.ktime_ns + offset for one in probe.events() if one.pid == os.getpid()]
    return json.dumps([before, *found, after])


@AHEAD
def test_the_time_of_an_event_is_the_time_of_day(ahead):
    for text in (in_child(stamps), in_time_namespace(stamps, ahead)):
        before, stamp, after = json.loads(text)
        assert before - 10**8 < stamp < after + 10**8


@AHEAD
def test_the_command_prints_the_time_of_day(ahead):
    def trace():
        before = time.time_ns()
        with opening_files():
            done = rawbpf("kprobe", "do_sys_openat2", "-d", "1", "--json")
        events = [json.loads(line)["time_ns"] for line in done.stdout.splitlines()]
        return json.dumps([before, min(events), max(events), time.time_ns()])

    times = json.loads(in_time_namespace(trace, ahead))
    assert times == sorted(times)


@AHEAD
def test_the_time_when_a_program_was_loaded_is_the_time_of_day(ahead):
    def listed():
        with library.Kprobe("vfs_rmdir"):
            now = time.time()
            lines = rawbpf("prog", "list", "--json").stdout.splitlines()
        return json.dumps([now, max(json.loads(line)["loaded_at"] for line in lines)])

    now, loaded = json.loads(in_time_namespace(listed, ahead))
    assert abs(now - loaded) < 60
