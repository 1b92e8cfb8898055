"""Blocks of log records have the same text as records formatted one by one."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rawbpf.events.log_record import LogRecord, encode_log
from rawbpf.events.log_rows import decode_logs
from rawbpf.output import columns
from rawbpf.output.log_array import LineArrays
from rawbpf.output.log_blocks import LineBlocks, same_second
from rawbpf.output.log_lines import LogLines
from rawbpf.output.log_objects import LogObjects
from rawbpf.output.text import LineFormat, for_terminal, json_event
from tests.support.log_batches import batch_of

U64, U32 = st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1)
SMALL = st.integers(0, 3)
TIMES = st.one_of(U64, st.integers(10**18 - 2 * 10**9, 10**18 + 2 * 10**9))
OFFSETS = st.sampled_from([0, 17, -(10**18), 1_764_000_000_123_456_789])
TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from([
        "kprobe triggered!", "100% {} of {{}}", "{:d} {:x} {:X} {:p}", "{:ipv4}%s{:u}",
        "{:q} {} {} {} {} {}", 'quoted "{}"\n\x1b[2J', "}}{", "%d",
    ]),
)  # fmt: skip
COMMS = [b"bash", b"a\x1b[2J", "h\u00e9".encode(), b"sh\0rest"]


@st.composite
def batches(draw):
    """A batch of log records with one format, and the records' bytes."""
    text, count = draw(TEXTS), draw(st.integers(0, 4))
    number = st.one_of(SMALL, U32)
    comm = st.one_of(st.sampled_from(COMMS), st.binary(max_size=16))
    args = st.lists(st.one_of(SMALL, U64), min_size=count, max_size=count)
    record = st.tuples(st.integers(0, 5), TIMES, number, number, number, comm, args)
    samples = []
    for *numbers, name, args in draw(st.lists(record, min_size=1, max_size=20)):
        data = bytearray(encode_log(LogRecord(*numbers, "", tuple(args), text)))
        data[32:48] = name.ljust(16, b"\0")
        samples.append(bytes(data))
    samples *= draw(st.sampled_from([1, 1, 1, 60]))
    return batch_of(samples)


def shown(blocks, batch):
    return b"".join(block for rows in decode_logs(batch)[0] for block in blocks(rows))


@given(batches(), OFFSETS)
def test_lines_are_those_of_line_format(batch, offset):
    line = LineFormat(offset)
    wanted = "".join(line(record) + "\n" for rows in decode_logs(batch)[0] for record in rows)
    text = shown(LineBlocks(offset).blocks, batch)
    assert text == wanted.encode(errors="backslashreplace")
    assert shown(LogLines(offset).blocks, batch) == text
    assert shown(LineArrays(offset, LineBlocks(offset)).blocks, batch) == text
    assert for_terminal(text.decode()).encode() == text


@given(batches(), OFFSETS, st.one_of(st.none(), st.sampled_from(["vfs_read", 'a"%d'])))
def test_objects_are_those_of_json_event(batch, offset, function):
    wanted = []
    for rows in decode_logs(batch)[0]:
        for record in rows:
            event = json_event(record, function or "", offset)
            if function is None:
                del event["function"]
            wanted.append(json.dumps(event) + "\n")
    assert shown(LogObjects(offset, function).blocks, batch).decode() == "".join(wanted)


@given(batches())
def test_what_is_around_lines_and_objects_is_not_a_format(batch):
    (one, *_), _ = decode_logs(batch)
    for formatter in (LineBlocks(0), LineArrays(0, LineBlocks(0)), LogLines(0)):
        (line, *_) = b"".join(formatter.blocks(one, "100%: ")).splitlines()
        assert line.startswith(b"100%: ")
    (line, *_) = b"".join(LogObjects(0, None).blocks(one, '{"%": ', "}")).splitlines()
    assert list(json.loads(line)) == ["%"]


@given(st.lists(TIMES, max_size=30), OFFSETS)
@example([10**9 - 1, 10**9, 10**9 - 1], 0)
def test_times_are_divided_where_the_second_changes(times, offset):
    found = [second for first, end, second in same_second(times, offset) for _ in range(first, end)]
    assert found == [(time + offset) // 10**9 for time in times]


@pytest.mark.parametrize("tasks", [1, 5000])
def test_the_texts_of_tasks_are_remembered_up_to_a_bound(tasks, monkeypatch):
    monkeypatch.setattr(columns, "_MOST_CACHED", 100)
    samples = [encode_log(LogRecord(3, n, n % tasks, 1, 0, "sh", (), "x" * 9)) for n in range(5000)]
    lines = shown(LineBlocks(0).blocks, batch_of(samples)).decode().splitlines()
    line = LineFormat(0)
    assert lines == [line(LogRecord(3, n, n % tasks, 1, 0, "sh", (), "x" * 9)) for n in range(5000)]
