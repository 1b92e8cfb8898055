"""Probes on functions that waking up, reading and printing call themselves stay bounded.

Each test compares the number of events with the number of times that records may wake the reader.
"""

import os
import pty
import subprocess
import threading
from contextlib import contextmanager

import pytest

import rawbpf as library
from tests.support.command import RAWBPF, summary
from tests.support.markdown import ROOT

SECONDS = 2
CYCLES = 20 * SECONDS * (os.cpu_count() or 1)
"""Times that single records may wake the reader: see ``rawbpf.reading.session``."""

PER_CYCLE = 40
"""Calls of a function that wakes tasks up to read, print and pass on what one pass has found."""

HELLO = ROOT / "bpf_src" / "hello_kprobe.bpf.s"

RING, STORMS = (1 << 18) // 88, 8
"""Log records that fit in a ring, and how often a ring may fill before the reader waits longer."""

FUNCTIONS = "__wake_up", "ep_poll_callback", "try_to_wake_up", "autoremove_wake_function"


@contextmanager
def stdout_of(kind, tmp_path):
    """Yield (descriptor for stdout, function that returns what was written)."""
    if kind == "file":
        path = tmp_path / "out"
        with path.open("wb") as file:
            yield file.fileno(), path.read_bytes
        return
    reader, writer = os.pipe() if kind == "pipe" else pty.openpty()
    got = []

    def read():
        while True:
            try:
                data = os.read(reader, 1 << 16)
            except OSError:  # a terminal whose other end is closed
                return
            if not data:
                return
            got.append(data)

    thread = threading.Thread(target=read)
    thread.start()

    def collected():
        os.close(writer)
        thread.join()
        return b"".join(got)

    try:
        yield writer, collected
    finally:
        os.close(reader)


def events_of(words, kind, tmp_path):
    with stdout_of(kind, tmp_path) as (stdout, collected):
        done = subprocess.run(
            words, stdout=stdout, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=60
        )
        text = collected().decode()
    assert done.returncode == 0, done.stderr
    return sum(summary(text))


@pytest.mark.parametrize("kind", ["pipe", "terminal", "file"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_probe_on_a_wake_up_does_not_feed_on_itself(function, kind, tmp_path):
    words = [*RAWBPF, "kprobe", function, "-d", str(SECONDS)]
    assert events_of(words, kind, tmp_path) <= CYCLES * PER_CYCLE


@pytest.mark.parametrize("function", [*FUNCTIONS, "vfs_write", "ksys_write"])
def test_a_command_that_traces_itself_as_well_stays_bounded(function, tmp_path):
    words = [*RAWBPF, "kprobe", function, "--with-self", "-d", str(SECONDS)]
    assert events_of(words, "terminal", tmp_path) <= CYCLES * PER_CYCLE


def test_a_script_that_prints_what_it_traces_stays_bounded(tmp_path):
    with (tmp_path / "out").open("w") as file, library.Kprobe("vfs_write") as probe:
        for event in probe.events(SECONDS):
            print(event.comm, file=file, flush=True)
        assert 0 < probe.ledger.delivered <= CYCLES * PER_CYCLE
        assert probe.ledger.unaccounted == 0


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_program_of_an_object_is_bounded_as_soon_as_the_reader_runs(function, tmp_path):
    words = [*RAWBPF, "run", str(HELLO), "--at", f"hello_kprobe={function}"]
    events = events_of([*words, "-d", str(SECONDS)], "pipe", tmp_path)
    assert events <= CYCLES * PER_CYCLE + STORMS * RING
