"""Lines and JSON of log records, for any process name."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.events.log_record import LogRecord
from rawbpf.output.text import TITLE, LineFormat, json_event, printable


def record(comm="bash", text="kprobe triggered!", level=3):
    return LogRecord(level, 5_123_456_789, 4321, 1234, 1, comm, (), text)


def test_columns_are_under_their_titles():
    line = LineFormat(0)(record())
    for title, value in (("LEVEL", "info"), ("COMM", "bash"), ("MESSAGE", "kprobe triggered!")):
        assert line[TITLE.index(title) :].startswith(value)
    for title, value in (("CPU", "1"), ("PID", "1234"), ("TID", "4321")):
        end = TITLE.index(title) + len(title)
        assert line[:end].endswith(" " + value)
    assert line[8:15] == ".123456"


@given(st.text(max_size=16))
def test_a_line_has_no_control_characters(comm):
    line = LineFormat(0)(record(comm=comm, text=comm))
    assert line.isprintable()


@given(st.binary(max_size=20))
def test_any_bytes_become_printable_text(data):
    assert printable(data).isprintable()


@pytest.mark.parametrize("comm", ["a\nb", "\x1b[2J", "\udc80", "ü", '"'])
def test_json_preserves_any_name(comm):
    event = json.loads(json.dumps(json_event(record(comm=comm), "f", 0)))
    assert event["comm"] == comm
    assert event["tid"] == 4321
