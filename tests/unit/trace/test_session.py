"""A session's descriptors: given back once, and also when its beginning fails."""

import errno
import os
from pathlib import Path

import pytest

from rawbpf.errors import ClosedError, KernelError
from rawbpf.tracing.kprobe import Kprobe
from rawbpf.tracing.ledger import Ledger
from rawbpf.tracing.records import Records
from rawbpf.tracing.session import Session


@pytest.fixture
def source():
    return Records({}, Ledger())


def test_closing_twice_leaves_other_peoples_descriptors_alone(source):
    session = Session([], source)
    session.close()
    mine = os.pipe()  # which get the numbers that have just become free
    session.close()
    session.stop("late")
    os.set_blocking(mine[0], False)
    with pytest.raises(BlockingIOError):
        os.read(mine[0], 1)
    for fd in mine:
        os.close(fd)


def _open():
    return set(Path("/proc/self/fd").iterdir())


def test_a_beginning_that_fails_leaves_nothing_open(source):
    before = len(_open())
    with pytest.raises(KernelError) as refused:
        Session([-1], source)
    assert refused.value.errno == errno.EBADF
    assert len(_open()) == before


def test_a_probe_that_is_not_open_says_so():
    probe = Kprobe("do_exit")
    for use in (probe.detach, probe.stop, lambda: probe.ledger):
        with pytest.raises(ClosedError, match="the probe of do_exit is not open; use it in `with`"):
            use()
