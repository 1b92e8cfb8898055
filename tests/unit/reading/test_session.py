"""A session: what it delivers, what ends it, and its descriptors."""

import errno
import os
import signal
import threading
from pathlib import Path

import pytest

from rawbpf.errors import ClosedError, KernelError
from rawbpf.reading.collector import Collector, unchanged
from rawbpf.reading.order import Taken
from rawbpf.reading.perf_reader import Drained
from rawbpf.reading.session import Session
from rawbpf.ring.perf_records import Contents
from tests.support.log_batches import batch_of
from tests.support.rings import Rings, drained, flat, one_by_one


def session_of(rings):
    return Session(Collector({"events": rings}, one_by_one(lambda _map, _cpu, data: data)))


def a_pass(*samples, **more):
    return [drained(0, *samples, **more)]


@pytest.fixture
def event():
    """A descriptor that is readable, like a ring with unread records."""
    fd = os.eventfd(1)
    yield fd
    os.close(fd)


def test_duration_0_delivers_what_the_rings_hold():
    with session_of(Rings(a_pass(b"1", b"2"), a_pass(b"3"))) as session:
        assert list(session.batches(0)) == [[b"1"], [b"2"]]
        assert list(session.records(0)) == [b"3"]
        assert list(session.records(0)) == []
        assert session.ledger.delivered == 3


def test_records_that_the_caller_did_not_take_are_delivered_later(event):
    passes = a_pass(b"1", b"2", b"3"), a_pass(b"4"), a_pass(b"5")
    with session_of(Rings(*passes, filenos=[event])) as session:
        for record in session.records():
            assert record == b"1"
            break
        assert session.ledger.delivered == 1
        for record in session.records():
            assert record == b"2"
            break
        assert list(session.batches(0)) == [[b"3"], [b"4"]]
        assert flat(session.rest()) == [b"5"]
        assert session.ledger.delivered == 5


def test_records_taken_in_two_ways_are_delivered_once(event):
    passes = ([drained(0, b"1", b"2"), drained(1, b"3")], a_pass(b"4", b"5", b"6"))
    with session_of(Rings(*passes, filenos=[event])) as session:
        got = []
        for record in session.records(0):
            got.append(record)
            got += flat(session.batches(0)) if record == b"1" else []
        assert got == [b"1", b"2", b"3", b"4", b"5", b"6"]
        assert session.ledger.delivered == 6


def test_the_rest_of_a_batch_is_an_array_as_well(event):
    taken = Taken("events", 0, batch_of([b"1", b"2", b"3"]))
    rings = Rings([Drained(0, Contents([taken.batch], 0, 0, None), 0.0)], filenos=[event])
    with Session(Collector({"events": rings}, unchanged)) as session:
        first, second = session.records(), session.records()
        assert (next(first).data, next(second).data) == (b"1", b"2")
        (rest,) = session.batches(0)
        assert isinstance(rest, Taken)
        assert [record.data for record in rest] == [b"3"]
        assert list(session.records(0)) == []


def test_rest_includes_records_that_the_caller_did_not_take(event):
    passes = a_pass(b"1", b"2"), a_pass(b"3")
    with session_of(Rings(*passes, filenos=[event])) as session:
        next(session.records())
        assert flat(session.rest()) == [b"2", b"3"]


def test_after_a_stop_there_is_one_more_pass(event):
    rings = Rings(a_pass(b"1"), a_pass(b"2"), a_pass(b"3"), filenos=[event])
    with session_of(rings) as session:
        got = []
        for record in session.records():
            got.append(record)
            session.stop("enough")
        assert got == [b"1", b"2"]
        assert session.stopped == "enough"
        assert list(session.records()) == [b"3"]  # a stop is final: no waiting any more


def test_records_sent_before_the_deadline_are_delivered(event):
    """The writer sends a record after each pass, until the deadline."""
    rings = Rings(filenos=[event])
    with session_of(rings) as session:
        sent = 0

        def drain():
            nonlocal sent
            sent += session.stopped is None
            return a_pass(b"x", fill=1.0) if session.stopped is None else []

        rings.drain = drain
        assert len(list(session.records(0.05))) == sent > 1
        assert session.stopped == "duration"
        assert session.ledger.seconds >= 0.05


def test_another_thread_ends_a_sleep():
    with session_of(Rings()) as session:
        thread = threading.Timer(0.05, session.stop)
        thread.start()
        assert list(session.records()) == []
        thread.join()
        assert session.stopped == "stopped"


def test_a_signal_handler_ends_a_sleep():
    with session_of(Rings()) as session:
        before = signal.signal(signal.SIGALRM, lambda *_: session.stop("alarm"))
        wake_before = signal.set_wakeup_fd(session.wake_fd)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        try:
            assert list(session.records()) == []
        finally:
            signal.set_wakeup_fd(wake_before)
            signal.signal(signal.SIGALRM, before)
        assert session.stopped == "alarm"


def test_a_closed_pipe_ends_a_sleep():
    read, write = os.pipe()
    with session_of(Rings()) as session:
        session.stop_on_hang_up(write)
        os.close(read)
        assert list(session.records()) == []
        assert session.stopped == "hang-up"
    os.close(write)


def test_a_file_cannot_hang_up(tmp_path):
    with (tmp_path / "file").open("w") as file, session_of(Rings()) as session:
        session.stop_on_hang_up(file.fileno())
        assert list(session.records(0)) == []


def test_crowded_rings_are_drained_without_a_pause(event, monkeypatch):
    pauses = []
    rings = Rings(a_pass(b"1", fill=0.9), a_pass(b"2", fill=0.1), filenos=[event])
    with session_of(rings) as session:
        monkeypatch.setattr(session, "pause", pauses.append)
        for record in session.records():
            if record == b"2":
                break
        assert pauses == []
        rings.passes = [a_pass(b"3", fill=0.1), a_pass(b"4", fill=0.1)]
        for record in session.records():
            if record == b"4":
                break
        assert len(pauses) == 1


def test_a_session_that_is_closed_while_it_is_read_raises(event):
    session = session_of(Rings(a_pass(b"1"), filenos=[event]))
    records = session.records()
    assert next(records) == b"1"
    session.close()
    with pytest.raises(ClosedError, match="the session is closed"):
        next(records)


def test_closing_twice_does_not_close_descriptors_of_others():
    session = session_of(Rings())
    session.close()
    mine = os.pipe()  # it gets the numbers that have just become free
    session.close()
    session.stop("late")
    os.set_blocking(mine[0], False)
    with pytest.raises(BlockingIOError):
        os.read(mine[0], 1)
    for fd in mine:
        os.close(fd)


def _open():
    return set(Path("/proc/self/fd").iterdir())


def test_a_session_that_cannot_be_opened_leaves_no_descriptor():
    before = len(_open())
    with pytest.raises(KernelError) as bad:
        Session(Collector({"events": Rings(filenos=[-1])}, unchanged))
    assert bad.value.errno == errno.EBADF
    assert len(_open()) == before


def sleeps_of(session, rings, monkeypatch):
    """Read until the rings are empty for good. Return what the session did after each pass."""
    done = []

    def sleep(_epoll, deadline):
        done.append("idle" if deadline is None else "pause")
        if len(done) == 6:
            session.stop()

    monkeypatch.setattr(session, "_sleep", sleep)
    arm = rings.arm
    monkeypatch.setattr(rings, "arm", lambda: done.append("arm") or arm())
    for _ in session.records():
        pass
    return done


def test_an_idle_session_sleeps_after_one_more_pass(monkeypatch):
    rings = Rings(a_pass(b"1"), a_pass(b"2"), paced=True)
    with session_of(rings) as session:
        done = sleeps_of(session, rings, monkeypatch)
    # A wake-up without a record is followed by a pause, in case there is no end of them.
    assert done[:5] == ["pause", "pause", "arm", "pause", "idle"]


def test_records_that_arrive_after_arming_keep_the_session_busy(monkeypatch):
    rings = Rings([], a_pass(b"1"), paced=True)
    with session_of(rings) as session:
        done = sleeps_of(session, rings, monkeypatch)
    assert done[:5] == ["arm", "pause", "arm", "pause", "idle"]


def test_busy_ring_buffers_are_read_more_often_if_they_fill_up(monkeypatch):
    passes = [a_pass(b"1", fill=0.1), *[a_pass(b"1", fill=0.5)] * 9, a_pass(b"1", fill=0.1)]
    rings = Rings(*passes)
    pauses = []
    with session_of(rings) as session:
        monkeypatch.setattr(session, "pause", pauses.append)
        monkeypatch.setattr(session, "_sleep", lambda *_: session.stop())
        assert len(list(session.records())) == 11
    assert pauses[0] == 0.02
    assert 0.001 <= pauses[1] < 0.002
