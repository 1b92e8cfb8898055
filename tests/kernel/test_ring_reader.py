"""Map and read rings. No test here probes anything."""

import pytest

from rawbpf.arch import native
from rawbpf.asm import Builder, r1, r2, r3, r4, r10
from rawbpf.btf.btf import Btf
from rawbpf.btf.encode import BtfBuilder
from rawbpf.btf.values.codec import codec
from rawbpf.collection.events import Events
from rawbpf.errors import ClosedError, UsageError
from rawbpf.events.typed import EventType
from rawbpf.kernel.version import raise_memlock_if_needed
from rawbpf.maps.map import Map
from rawbpf.programs.program import load
from rawbpf.reading import cpu_ring, perf_reader, ring_reader
from rawbpf.reading.perf_reader import PerfReader
from rawbpf.reading.ring_reader import RingReader
from rawbpf.specs.map_spec import MapSpec
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.syscall.fd import _nothing, fence
from rawbpf.uapi.bpf import bpf_map_type, bpf_prog_type

pytestmark = pytest.mark.no_probe

SIZE = 4096
PACKET = bytes(64)


@pytest.fixture(scope="module")
def ring_and_program():
    """A program that sends 16 bytes for each packet, and returns the helper's result."""
    b = Builder("send")
    b.mov(r2, 7)
    b.stxdw(r10[-16], r2)
    b.mov(r2, 8)
    b.stxdw(r10[-8], r2)
    b.ld_map_fd(r1, "ring")
    b.mov(r2, r10)
    b.add(r2, -16)
    b.mov(r3, 16)
    b.mov(r4, 0)
    b.call("ringbuf_output")
    b.exit()
    raise_memlock_if_needed()
    spec = MapSpec("ring", bpf_map_type.BPF_MAP_TYPE_RINGBUF, 0, 0, max_entries=SIZE)
    kind = bpf_prog_type.BPF_PROG_TYPE_SOCKET_FILTER
    with (
        Map.create(spec) as ring,
        load(ProgramSpec("send", kind, b.build()), {"ring": ring}) as program,
    ):
        yield ring, program


def samples(reader):
    (drained,) = reader.drain()
    assert drained.contents.damage is None
    return drained.contents.samples


def test_records_arrive_and_their_space_is_freed(ring_and_program):
    ring, program = ring_and_program
    wanted = (7).to_bytes(8, "little") + (8).to_bytes(8, "little")
    with RingReader(ring) as reader:
        for _ in range(5):  # enough to wrap around several times
            for _ in range(100):
                assert program.test_run(PACKET).retval == 0
            assert samples(reader) == [wanted] * 100
        assert samples(reader) == []


def test_a_full_ring_drops_records_and_reports_it(ring_and_program):
    ring, program = ring_and_program
    with RingReader(ring) as reader:
        sent = 0
        while program.test_run(PACKET).retval == 0:
            sent += 1
            assert sent < SIZE
        assert sent == (SIZE - 1) // 24
        (drained,) = reader.drain()
        assert drained.fill > 0.9
        assert len(drained.contents.samples) == sent
        assert program.test_run(PACKET).retval == 0
        assert len(samples(reader)) == 1


def test_a_perf_array_of_one_entry_has_one_ring():
    spec = MapSpec("one", bpf_map_type.BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, max_entries=1)
    with Map.create(spec) as events, PerfReader(events, pages=1) as reader:
        assert len(reader.filenos()) == 1


@pytest.fixture
def fences(monkeypatch):
    """The number of fences that readers opened from now on have executed, in a list of one."""
    count = [0]

    def counted():
        count[0] += 1
        fence()

    for module in (cpu_ring, perf_reader, ring_reader):
        assert module.fence is fence
        monkeypatch.setattr(module, "fence", counted)
    return count


def test_a_ring_buffer_is_read_with_four_fences(ring_and_program, fences):
    """The unit tests of the memory order show which fence each load and store needs."""
    ring, program = ring_and_program
    with RingReader(ring) as reader:
        assert samples(reader) == []
        assert fences == [1]  # between the position and the records that it announces
        program.test_run(PACKET)
        assert len(samples(reader)) == 1
        assert fences == [1 + 4]


def test_a_perf_ring_is_read_with_two_fences(fences):
    spec = MapSpec("one", bpf_map_type.BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, max_entries=1)
    with Map.create(spec) as events, PerfReader(events, pages=1) as reader:
        list(reader.drain())
        assert fences == [2]
        assert reader.arm()
        assert fences == [3]  # between the request to be woken and the next look at the ring


def test_a_fence_is_a_barrier_where_the_processor_reorders():
    assert (fence is not _nothing) == native().weakly_ordered


def test_records_arrive_as_dicts(ring_and_program):
    ring, program = ring_and_program
    b = BtfBuilder()
    u64 = b.add_int("unsigned long", 8)
    pair = b.add_struct("pair_event", 16, [("first", u64, 0), ("second", u64, 64)])
    kind = EventType("pair_event", codec(Btf(b.encode()), pair))
    with Events(ring, {16: kind}.get) as events:
        assert list(events.read(duration=0)) == []
        program.test_run(PACKET)
        for event in events.read():  # no deadline: the first event ends the loop
            assert event == {"first": 7, "second": 8}
            break
        program.test_run(PACKET)
        assert len(list(events.read(duration=0.01))) == 1
        assert events.lost == 0
    events.close()
    with pytest.raises(ClosedError):
        next(events.read())


def test_no_record_is_lost_however_reading_ends(ring_and_program):
    ring, program = ring_and_program
    with Events(ring, {}.get) as events:
        for _ in range(5):
            program.test_run(PACKET)
        for _ in events.read():  # the other events have been read from the ring, too
            break
        assert events.ledger.delivered == 1
        assert len(list(events.read(duration=0))) == 4
        program.test_run(PACKET)
        sent = 1
        for _ in events.read():
            if sent == 3:
                events.stop()
            program.test_run(PACKET)
            sent += 1
        assert sent == 5
        assert len(list(events.read())) == 1  # it was sent after the end, and read() does not wait
        assert events.ledger.delivered == 5 + sent


def test_a_hash_is_not_a_ring():
    spec = MapSpec("counts", bpf_map_type.BPF_MAP_TYPE_HASH, 4, 4, max_entries=1)
    with Map.create(spec) as counts, pytest.raises(UsageError, match="'counts' is not a ring"):
        Events(counts, {}.get)
