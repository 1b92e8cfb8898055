"""The writer behind the queue: slow, closed and full readers."""

import errno
import os
import threading

import pytest

from rawbpf.cli.tracing import output
from rawbpf.cli.tracing.output import Stdout
from tests.conftest import open_descriptors


@pytest.fixture
def pipe():
    read, write = os.pipe()
    yield read, write
    for fd in (read, write):
        if fd in open_descriptors():  # unless the test closed it
            os.close(fd)


def test_all_is_written_in_order(pipe):
    read, write = pipe
    out = Stdout(write)
    lines = [f"line {number}\n" for number in range(500)]
    for line in lines:
        out.put(line)
    assert out.finish() == 0
    assert os.read(read, 1 << 16).decode() == "".join(lines)


def test_a_slow_reader_gets_everything(pipe):
    read, write = pipe
    out = Stdout(write)
    text = "x" * 99 + "\n"
    for _ in range(3000):
        out.put(text)
    received = []

    def slowly():
        while sum(map(len, received)) < 300_000:
            received.append(os.read(read, 5000))

    reader = threading.Thread(target=slowly)
    reader.start()
    assert out.finish() == 0
    reader.join()
    assert b"".join(received) == text.encode() * 3000


def test_a_reader_that_never_reads_is_given_up(pipe, monkeypatch):
    monkeypatch.setattr(output, "_GRACE", 0.2)
    read, write = pipe
    out = Stdout(write)
    for _ in range(3000):
        out.put("x" * 99 + "\n")
    assert out.finish() > 1000
    assert out.backlog > 100_000
    assert out.error is None
    os.set_blocking(read, False)  # let the thread end before its descriptor does
    while out.backlog:
        try:
            os.read(read, 1 << 16)
        except BlockingIOError:
            pass
    out._thread.join(10)


def test_a_reader_that_is_gone(pipe):
    read, write = pipe
    os.close(read)
    out = Stdout(write)
    out.put("line\n")
    assert out.finish() == 1
    assert out.error is not None
    assert out.error.errno == errno.EPIPE


def test_a_full_disk():
    fd = os.open("/dev/full", os.O_WRONLY)
    out = Stdout(fd)
    out.put("a\nb\n")
    assert out.finish() == 2
    assert out.error is not None
    assert out.error.errno == errno.ENOSPC
    os.close(fd)
