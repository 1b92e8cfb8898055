"""Whichever way a session ends, it leaves nothing in the kernel and does not hang."""

import fcntl
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

import rawbpf as library
from tests.conftest import open_descriptors
from tests.support.calls import caller, getppid_function
from tests.support.command import RAWBPF, opening_files, running, summary
from tests.support.leftovers import held, settles_to


@pytest.mark.parametrize(
    ("number", "line"),
    [(signal.SIGINT, "Received Ctrl+C"), (signal.SIGTERM, "Received SIGTERM")],
)
def test_signals_detach_the_probe(number, line):
    before = held()
    with running("kprobe", "do_sys_openat2") as probe:
        probe.wait_for("Listening for events")
        assert held()["programs"] - before["programs"]
        assert probe.end(number) == 0
    assert f"{line}, detaching kprobe..." in probe.text
    assert probe.text.endswith("Kprobe detached. Exiting.\n")
    assert settles_to(before)


def test_duration_zero_means_until_ctrl_c():
    with opening_files(), running("kprobe", "do_sys_openat2", "-d", "0") as probe:
        probe.wait_for("kprobe triggered!")
        time.sleep(1.5)
        assert probe.process.poll() is None
        assert probe.end() == 0
    assert "Duration: 0 seconds (0 = until Ctrl+C)" in probe.text


def test_durations_may_be_fractions_of_a_second():
    with running("kprobe", "do_sys_openat2", "-d", "0.25") as probe:
        probe.wait_for("Duration elapsed, detaching kprobe...")
        assert probe.end(None) == 0
    assert "Duration: 0.25 seconds" in probe.text


def test_after_sigkill_nothing_remains_in_the_kernel():
    before = held()
    with running("kprobe", "do_sys_openat2") as probe:
        probe.wait_for("Listening for events")
        assert probe.end(signal.SIGKILL) == -signal.SIGKILL
    assert settles_to(before)


def test_stdout_has_only_json():
    with opening_files(), running("kprobe", "do_sys_openat2", "-d", "1", "--json") as probe:
        assert probe.end(None) == 0
    events = [json.loads(line) for line in probe.lines]
    delivered, _ = summary(probe.errors)
    assert len(events) == delivered > 0
    assert events[0]["message"] == "kprobe triggered!"
    assert events[0]["function"] == "do_sys_openat2"
    assert abs(events[0]["time_ns"] / 1e9 - time.time()) < 60


def test_a_closed_pipe_ends_the_session():
    before = held()
    command = [*RAWBPF, "kprobe", "do_sys_openat2"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout.readline().startswith("Attaching")
        process.stdout.close()
        assert process.wait(30) == 0
        assert process.stderr.read() == ""
    assert settles_to(before)


def test_a_reader_that_does_not_read_cannot_block_the_end():
    """Nobody reads, and the pipe is full. The session ends, and reports what was not shown."""
    before = held()
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    with caller(2_000, 0) as calls:
        words = "-v", "kprobe", getppid_function(), "--pid", str(calls.pid), "-d", "3"
        with running(*words, stdout=write) as probe:
            os.close(write)
            probe.wait_for("attached to")
            calls.call()
            assert probe.end(None) == 1
    os.close(read)
    assert "could not be written to stdout: nobody reads it" in probe.errors
    assert settles_to(before)


def test_a_full_disk_is_reported():
    with Path("/dev/full").open("w") as full, running("kprobe", "vfs_read", stdout=full) as probe:
        assert probe.end(None) == 1
    assert "No space left on device" in probe.errors
    assert "Traceback" not in probe.errors


def test_the_python_api_leaves_no_descriptor_and_no_object():
    before, descriptors = held(), set(open_descriptors())
    with library.Kprobe("do_sys_openat2") as probe:
        list(probe.events(duration=0.1))
    assert set(open_descriptors()) == descriptors
    assert settles_to(before)


def test_after_an_exception_nothing_remains():
    before = held()
    with pytest.raises(ZeroDivisionError), library.Kprobe("do_sys_openat2"):
        raise ZeroDivisionError
    assert settles_to(before)
