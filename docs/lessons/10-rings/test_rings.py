"""Tests for lesson 10.

All tests except the last one use recorded or constructed rings and do not need a kernel."""

import os
import re
import struct
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from tests.support.command import opening_files

HERE = Path(__file__).parent
PAGE = 4096

SAMPLES, LOST = 80, 15
"""The contents of perf.ring; the kernel dropped 15 records while this ring was full."""

FINISHED, PID = 44, 89
"""The contents of bpf.ring; the program discarded 16 of this process's 60 records."""

SECOND = 10**9


@pytest.fixture
def rings(lesson):
    """Import rings.py from the folder under test."""
    spec = spec_from_file_location("rings", lesson / "rings.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sample(data, misc=1):
    """Return a sample as the kernel writes it, padded to a multiple of eight bytes."""
    size = -(-(12 + len(data)) // 8) * 8
    header = struct.pack("=IHHI", 9, misc, size, size - 12)
    return (header + data).ljust(size, b"\0")


def event(ktime, name=b"cat"):
    """Return a sample from sample.bpf.s."""
    return sample(struct.pack("=QQ16s", ktime, 7 << 32 | 8, name))


def lost(count):
    """Return a PERF_RECORD_LOST."""
    return struct.pack("=IHHQQ", 2, 0, 24, 1, count)


def ring_with(rings, records, tail=0, size=PAGE):
    """Return a ring in memory that contains these records, starting at position ``tail``."""
    control, data = memoryview(bytearray(PAGE)).cast("Q"), memoryview(bytearray(size))
    for at, byte in enumerate(records, tail):
        data[at % size] = byte
    control[rings.HEAD], control[rings.TAIL] = tail + len(records), tail
    return rings.Ring(control, data)


def no_fence():
    """Do nothing, since x86-64 needs no fence."""


def recorded(rings):
    """Return perf.ring, a copy of a ring that was mapped in Linux 6.1."""
    memory = memoryview(bytearray((HERE / "perf.ring").read_bytes()))
    return rings.Ring(memory[:PAGE].cast("Q"), memory[PAGE:])


@pytest.mark.parametrize(
    ("head", "tail", "part"),
    [(0, 0, (0, 0)), (48, 0, (0, 48)), (5000, 4000, (4000, 1000)), (4097, 4096, (0, 1)),
     (1 << 40, (1 << 40) - 4096, (0, 4096))],
)  # fmt: skip
@pytest.mark.step(1)
def test_positions_only_grow(rings, head, tail, part):
    assert rings.unread(head, tail, 4096) == part


@pytest.mark.parametrize(("head", "tail"), [(0, 8), (4104, 0), (1 << 63, 0)])
@pytest.mark.step(1)
def test_impossible_positions_are_damage(rings, head, tail):
    with pytest.raises(rings.DamageError):
        rings.unread(head, tail, 4096)


@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [(0, 3, b"abc"), (5, 3, b"fgh"), (6, 4, b"ghab"), (3, 8, b"defghabc"), (2, 0, b"")],
)
@pytest.mark.step(2)
def test_copy_wraps_around_the_end(rings, offset, length, expected):
    assert rings.copy(memoryview(b"abcdefgh"), offset, length) == expected


@pytest.mark.step(3)
def test_take_releases_the_space(rings):
    ring = ring_with(rings, event(1), tail=4080)
    assert rings.take(ring, no_fence) == event(1)
    assert ring.control[rings.TAIL] == ring.control[rings.HEAD] == 4080 + 48
    assert rings.take(ring, no_fence) == b""


class Traced:
    """Memory that records each access, and simulates another CPU that adds records."""

    def __init__(self, memory, name, log):
        self.memory, self.name, self.log = memory, name, log

    def __len__(self):
        return len(self.memory)

    def __getitem__(self, index):
        self.log.append(f"load {self.name}" + (f" {index}" if self.name == "control" else ""))
        value = self.memory[index]
        if self.name == "control" and index == 128:
            self.memory[index] += 48  # the next load would see another record
        return value

    def __setitem__(self, index, value):
        self.log.append(f"store {self.name} {index}")
        self.memory[index] = value


@pytest.mark.step(3)
def test_take_accesses_the_memory_in_the_right_order(rings):
    log = []
    ring = ring_with(rings, event(1) + event(2))
    traced = rings.Ring(Traced(ring.control, "control", log), Traced(ring.data, "data", log))
    records = rings.take(traced, lambda: log.append("fence"))
    assert records == event(1) + event(2)
    order = [entry for entry in log if entry != "load control 129"]
    assert order[:2] == ["load control 128", "fence"], "the head is loaded first, then a fence"
    assert order.count("load control 128") == 1, "the head is loaded once"
    assert order[-2:] == ["fence", "store control 129"], "the tail is stored last, after a fence"
    assert ring.control[129] == 96, "the tail is the head that was loaded"


@pytest.mark.step(3)
def test_take_continues_after_damage(rings):
    ring = ring_with(rings, event(1))
    ring.control[rings.TAIL] = 4096
    with pytest.raises(rings.DamageError):
        rings.take(ring, no_fence)
    assert rings.take(ring, no_fence) == b""


@pytest.mark.step(4)
def test_samples_keep_their_padding(rings):
    assert rings.parse(sample(b"0123456789")).samples == [b"0123456789\0\0"]
    assert rings.parse(b"") == rings.Batch([])


@pytest.mark.step(4)
def test_losses_are_counted_and_other_records_are_skipped(rings):
    other = struct.pack("=IHHQ", 14, 0, 16, 0)
    batch = rings.parse(event(1) + lost(3) + other + lost(4) + event(2))
    assert (len(batch.samples), batch.lost, batch.damage) == (2, 7, "")


@pytest.mark.parametrize(
    "bad",
    [bytes(8), struct.pack("=IHH", 9, 0, 7), struct.pack("=IHH", 9, 0, 20) + bytes(12),
     struct.pack("=IHH", 9, 0, 64) + bytes(8), bytes(4), struct.pack("=IHH", 9, 0, 8),
     struct.pack("=IHHI", 9, 0, 16, 5) + bytes(4)],
    ids=["size 0", "size 7", "size 20", "size 64 of 16", "half a header", "no data size",
         "data beyond the record"],
)  # fmt: skip
@pytest.mark.step(4)
def test_damage_ends_parsing_and_keeps_what_came_before(rings, bad):
    batch = rings.parse(event(1) + bad)
    assert len(batch.samples) == 1
    assert batch.damage


def test_the_recorded_ring(rings):
    batch = rings.parse(rings.take(recorded(rings), no_fence))
    assert (len(batch.samples), batch.lost, batch.damage) == (SAMPLES, LOST, "")


def ring_buffer(*records, size=PAGE, at=0):
    """Return the data of a BPF ring buffer, mapped twice, and the producer's position."""
    data = bytearray(2 * size)
    for word, body in records:
        for index, byte in enumerate(struct.pack("=II", word, 0) + body):
            for copy in (0, size):
                data[(at + index) % size + copy] = byte
        at += -(-(8 + len(body)) // 8) * 8
    return memoryview(data), at


@pytest.mark.step(5)
def test_finished_records_are_read_in_order(rings):
    data, producer = ring_buffer((3, b"one"), (8, b"fivebyte"))
    assert rings.finished(data, 0, producer) == ([b"one", b"fivebyte"], 32)


@pytest.mark.step(5)
def test_a_record_may_lie_across_the_end(rings):
    start = 4 * PAGE - 8
    data, producer = ring_buffer((16, b"0123456789abcdef"), at=start)
    assert rings.finished(data, start, producer) == ([b"0123456789abcdef"], start + 24)


@pytest.mark.step(5)
def test_discarded_records_are_skipped(rings):
    data, producer = ring_buffer((rings.DISCARD | 4, b"gone"), (4, b"kept"))
    assert rings.finished(data, 0, producer) == ([b"kept"], producer)


@pytest.mark.step(5)
def test_a_busy_record_stops_the_reader(rings):
    data, producer = ring_buffer((4, b"done"), (rings.BUSY | 4, b"...."), (4, b"late"))
    assert rings.finished(data, 0, producer) == ([b"done"], 16)


@pytest.mark.step(5)
def test_a_damaged_length_ends_the_pass(rings):
    data, producer = ring_buffer((4, b"done"), (4000, b"bad"))
    assert rings.finished(data, 0, producer) == ([b"done"], producer)


def test_the_recorded_ring_buffer(rings):
    memory = memoryview((HERE / "bpf.ring").read_bytes())
    consumer, producer = memory[:PAGE].cast("Q")[0], memory[PAGE : 2 * PAGE].cast("Q")[0]
    found, position = rings.finished(memory[2 * PAGE :], consumer, producer)
    assert position == producer
    assert len(found) == FINISHED
    assert {struct.unpack("=QQ16s", record)[1] >> 32 for record in found} == {PID}


@pytest.mark.step(6)
def test_a_batch_of_equal_samples_is_decoded(rings):
    records = b"".join(map(event, range(1000)))
    batch = rings.decode(records)
    assert [ktime for ktime, _pid, _comm in batch.samples] == list(range(1000))
    assert batch.samples[0] == (0, 7 << 32 | 8, b"cat".ljust(16, b"\0"))


@pytest.mark.step(6)
def test_samples_may_differ_in_misc(rings):
    mixed = sample(struct.pack("=QQ16s", 1, 2, b"a"), misc=1) + sample(
        struct.pack("=QQ16s", 3, 4, b"b"), misc=2
    )
    assert [one[0] for one in rings.decode(mixed).samples] == [1, 3]


@pytest.mark.parametrize(
    ("records", "times", "losses"),
    [(event(1) + lost(5) + event(2), [1, 2], 5), (lost(5) + lost(6), [], 11),
     (event(1) + sample(b"x" * 100) + event(2), [1, None, 2], 0), (event(1) + bytes(48), [1], 0),
     (sample(b"short"), [], 0), (b"", [], 0)],
    ids=["a loss", "only losses", "another size", "zeros", "too short", "nothing"],
)  # fmt: skip
@pytest.mark.step(6)
def test_other_batches_are_decoded_too(rings, records, times, losses):
    batch = rings.decode(records)
    assert batch.lost == losses
    assert len(batch.samples) == len(times)
    for (ktime, _pid, _comm), expected in zip(batch.samples, times, strict=True):
        assert expected is None or ktime == expected


def test_the_recorded_ring_as_a_batch(rings):
    batch = rings.decode(rings.take(recorded(rings), no_fence))
    assert (len(batch.samples), batch.lost) == (SAMPLES, LOST)
    times = [ktime for ktime, _pid, _comm in batch.samples]
    assert times == sorted(times)


@pytest.mark.step(7)
def test_all_rings_are_read_with_one_write_for_each_pass(rings):
    read, write = (
        os.pipe()
    )  # a descriptor that is readable, like the event of a ring that contains records
    os.write(write, b"x")
    other, _ = pipes = os.pipe()
    first = ring_with(rings, event(20 * SECOND) + lost(2))
    second = ring_with(rings, event(10 * SECOND) + event(30 * SECOND))
    written = []
    try:
        counts = rings.watch({read: first, other: second}, 0.05, written.append)
    finally:
        for descriptor in (read, write, *pipes):
            os.close(descriptor)
    assert counts == (3, 2)
    texts = [text for text in written if text]
    assert len(texts) == 1
    assert [float(text.split()[0]) for text in texts[0].splitlines()] == [10, 20, 30]


@pytest.mark.usefixtures("traceable_kernel")
def test_live_rings(lesson, rings):
    assert rings.decode(b"") == rings.Batch([])
    command = [sys.executable, lesson / "rings.py", "do_sys_openat2", "1"]
    with opening_files():
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    *lines, end = done.stdout.splitlines()
    found = re.fullmatch(r"(\d+) events, 0 lost", end)
    assert found, done.stdout
    assert int(found[1]) == len(lines) > 0
    assert any("'python" in line for line in lines)
