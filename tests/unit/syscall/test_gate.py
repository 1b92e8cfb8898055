"""The gate: calls are observed, and the kernel can be replaced."""

import errno
import os

import pytest

from rawbpf.errors import KernelError
from rawbpf.syscall import gate
from rawbpf.syscall.gate import enter, observed, replaced, watched


def test_a_real_call_and_its_errno():
    with pytest.raises(KernelError) as caught:
        enter("close", -1)
    assert caught.value.errno == errno.EBADF
    assert isinstance(caught.value, OSError)


def test_observers_see_name_words_and_result():
    seen = []
    with observed(lambda *call: seen.append(call)), replaced(lambda name, *words: 7):
        assert enter("ioctl", 3, 4, 5) == 7
    assert seen == [("ioctl", (3, 4, 5), 7)]


def test_observers_see_failed_calls():
    seen = []
    with (
        observed(lambda *call: seen.append(call)),
        replaced(lambda name, *words: -errno.EPERM),
        pytest.raises(KernelError),
    ):
        enter("bpf", 0, 0, 0)
    assert seen == [("bpf", (0, 0, 0), -errno.EPERM)]


def test_the_real_kernel_is_restored_after_a_replacement():
    with replaced(lambda name, *words: 99):
        pass
    fd = os.open("/dev/null", os.O_RDONLY)
    assert enter("close", fd) == 0


def test_watchers_see_a_call_before_and_after():
    seen = []

    def watcher(name, words):
        seen.append(("before", name, words))
        return lambda result: seen.append(("after", result))

    def kernel(*_):
        seen.append("kernel")
        return 5

    with watched(watcher), replaced(kernel):
        enter("close", 3)
    enter_again = []
    with replaced(lambda name, *words: enter_again.append(name) or 0):
        enter("close", 3)
    assert seen == [("before", "close", (3,)), "kernel", ("after", 5)]
    assert enter_again == ["close"]


def test_without_watchers_the_kernel_is_called_directly():
    def kernel(*_):
        return 0

    with replaced(kernel):
        assert gate._call is kernel
        with observed(lambda *call: None):
            assert gate._call is not kernel
        assert gate._call is kernel
