"""A session's descriptors: given back once, and also when its beginning fails."""

import errno
import os
from pathlib import Path

import pytest

from rawbpf.errors import KernelError
from rawbpf.reading.ledger import Ledger
from rawbpf.reading.records import Records
from rawbpf.reading.session import Session


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
