"""Tracepoints whose names lead nowhere."""

import errno

import pytest

from rawbpf.errors import AttachError
from rawbpf.links import perf_events


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    (tmp_path / "events" / "sched").mkdir(parents=True)
    monkeypatch.setattr(perf_events, "tracefs", lambda: str(tmp_path))


@pytest.mark.parametrize(
    ("where", "number"),
    [
        ("sched/none", errno.ENOENT),
        ("none", errno.ENOENT),
        ("x" * 300 + "/y", errno.ENAMETOOLONG),
    ],
)
def test_it_is_said_in_a_line(where, number):
    with pytest.raises(AttachError, match="tracepoint") as caught:
        perf_events.attach_tracepoint(None, where)
    assert caught.value.errno == number
