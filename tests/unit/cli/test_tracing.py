"""Signals while a session runs."""

import os
import signal

import pytest

from rawbpf.cli.tracing.output import signals


@pytest.fixture
def pipe():
    ends = os.pipe2(os.O_NONBLOCK)
    yield ends
    for end in ends:
        os.close(end)


@pytest.fixture(autouse=True)
def hangup():
    """What SIGHUP does, put back afterwards."""
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


def test_each_signal_ends_the_session_and_the_sleep(pipe):
    reasons = []
    with signals(reasons.append, pipe[1]):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(os.getpid(), number)
    assert reasons == ["SIGINT", "SIGTERM", "SIGHUP"]
    assert len(os.read(pipe[0], 8)) == 3


def test_who_was_started_by_nohup_outlives_the_terminal(pipe):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    reasons = []
    with signals(reasons.append, pipe[1]):
        os.kill(os.getpid(), signal.SIGHUP)
    assert reasons == []
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_what_was_there_before_comes_back(pipe):
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = list(map(signal.getsignal, numbers))
    with signals(lambda _: None, pipe[1]):
        pass
    assert list(map(signal.getsignal, numbers)) == before
    assert signal.set_wakeup_fd(-1) == -1
