"""The output side of tracing commands: slow, closed and full readers of stdout, and signals."""

import errno
import os
import signal
import threading

import pytest

from rawbpf.cli.tracing import output
from rawbpf.cli.tracing.output import JsonFormat, Output, Stdout, TextFormat, signals
from rawbpf.errors import RawbpfError
from rawbpf.reading.collector import Collector
from rawbpf.reading.session import Session
from tests.conftest import open_descriptors
from tests.support.rings import Rings, drained, one_by_one


@pytest.fixture
def pipe():
    read, write = os.pipe()
    yield read, write
    for fd in (read, write):
        if fd in open_descriptors():  # unless the test closed it
            os.close(fd)


def test_everything_is_written_in_order(pipe):
    read, write = pipe
    out = Stdout(write)
    lines = [f"line {number}\n" for number in range(500)]
    for line in lines:
        out.put(line)
    assert out.finish() == 0
    assert os.read(read, 1 << 16).decode() == "".join(lines)


def test_small_texts_are_written_by_one_call(pipe, monkeypatch):
    sizes, write = [], os.write
    monkeypatch.setattr(os, "write", lambda fd, data: sizes.append(len(data)) or write(fd, data))
    out = Stdout(pipe[1])
    for number in range(500):
        out.put(f"line {number}\n")
    assert out.finish() == 0  # writing starts here, and everything fits into the pipe
    assert len(sizes) == 1


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


def test_a_reader_that_does_not_read_is_given_up(pipe, monkeypatch):
    monkeypatch.setattr(output, "_GRACE", 0.2)
    read, write = pipe
    out = Stdout(write)
    for _ in range(3000):
        out.put("x" * 99 + "\n")
    assert not out.has_room(1000)
    assert out.finish() > 1000
    assert out.backlog > 100_000
    assert out.error is None
    os.set_blocking(read, False)  # so that the thread ends before its descriptor is closed
    while out.backlog:
        try:
            os.read(read, 1 << 16)
        except BlockingIOError:
            pass
    out._thread.join(10)


def test_a_reader_that_has_closed_the_pipe(pipe):
    read, write = pipe
    os.close(read)
    out = Stdout(write)
    out.put("line\n")
    assert out.finish() == 1
    assert out.error.errno == errno.EPIPE
    assert not out.has_room()


def test_a_full_disk():
    fd = os.open("/dev/full", os.O_WRONLY)
    out = Stdout(fd)
    out.put("a\nb\n")
    assert out.finish() == 2
    assert out.error.errno == errno.ENOSPC
    os.close(fd)


class Show(TextFormat):
    def blocks(self, batch):
        yield "".join(f"{one}\n" for one in batch).encode()


def a_session(*passes):
    rings = Rings(*([drained(-1, *samples)] for samples in passes))
    return Session(Collector({"events": rings}, one_by_one(lambda _map, _cpu, data: data.decode())))


def test_the_records_that_detaching_returns_come_after_the_reason(capfd):
    with a_session([b"first"]) as session, Output(keep_caps=True) as out, out.controlling(session):
        os.kill(os.getpid(), signal.SIGTERM)
        out.stream(session, None, Show(), lambda: [["last"]])
        out.put(Show().end("1 event"))
        assert out.finish() == 0
    assert capfd.readouterr().out == "first\n\nReceived SIGTERM, detaching...\nlast\n\n1 event\n"


def test_the_deadline_is_a_reason_too(capfd):
    with a_session() as session, Output(keep_caps=True) as out, out.controlling(session):
        out.stream(session, 0.01, Show(), list)
        out.finish()
    assert capfd.readouterr().out == "\nDuration elapsed, detaching...\n"


def test_an_exception_passes_after_the_output_is_written(capfd):
    def fail():
        with Output(keep_caps=True) as out:
            out.put("before\n")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert capfd.readouterr().out == "before\n"


def test_a_failed_write_stops_the_session_and_is_an_error():
    saved = os.dup(1)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, 1)
    try:
        with a_session() as session, Output(keep_caps=True) as out:
            out.put("lost\n")
            with out.controlling(session):
                out.stream(session, None, Show(), list)
            assert session.stopped == "hang-up"
            with pytest.raises(RawbpfError, match=r"3 lines could not be written to stdout: No sp"):
                out.finish()
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        os.close(full)


def test_json_has_only_objects_on_stdout(capsys):
    show = JsonFormat()
    assert show.line({"a": 1}) == '{"a": 1}\n'
    assert show.stopping("Received Ctrl+C") + show.end("2 events") == ""
    assert capsys.readouterr().err == "2 events\n"


@pytest.fixture
def wake():
    ends = os.pipe2(os.O_NONBLOCK)
    yield ends
    for end in ends:
        os.close(end)


@pytest.fixture
def _hangup():
    """Restore the handler of SIGHUP after the test."""
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("_hangup")
def test_each_signal_stops_the_session_and_ends_its_sleep(wake):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests themselves may run under nohup
    reasons = []
    with signals(reasons.append, wake[1]):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(os.getpid(), number)
    assert reasons == ["SIGINT", "SIGTERM", "SIGHUP"]
    assert len(os.read(wake[0], 8)) == 3


@pytest.mark.usefixtures("_hangup")
def test_a_process_started_by_nohup_ignores_sighup(wake):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    reasons = []
    with signals(reasons.append, wake[1]):
        os.kill(os.getpid(), signal.SIGHUP)
    assert reasons == []
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_the_previous_handlers_are_restored(wake):
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = list(map(signal.getsignal, numbers))
    with signals(lambda _: None, wake[1]):
        pass
    assert list(map(signal.getsignal, numbers)) == before
    assert signal.set_wakeup_fd(-1) == -1
