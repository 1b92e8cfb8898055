"""An Fd closes its descriptor exactly once."""

import gc
import os

import pytest

from rawbpf.errors import ClosedError
from rawbpf.syscall.fd import Fd
from rawbpf.syscall.gate import replaced


def test_the_number_is_forgotten_before_the_call():
    fd = Fd(123, "thing")
    numbers = []

    def kernel(name, *words):
        numbers.append((name, words, fd.closed))
        return 0

    with replaced(kernel):
        fd.close()
        fd.close()
    assert numbers == [("close", (123,), True)]


def test_use_after_close_is_a_closed_error():
    fd = Fd(os.open("/dev/null", os.O_RDONLY), "map:events")
    fd.close()
    with pytest.raises(ClosedError, match="map:events is closed"):
        fd.fileno()


def test_an_unclosed_fd_warns_and_is_closed():
    number = os.open("/dev/null", os.O_RDONLY)
    fd = Fd(number, "forgotten")
    with pytest.warns(ResourceWarning, match="forgotten was never closed"):
        del fd
        gc.collect()
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(number)
