"""Tests for the steps of lesson 01, which run on any kernel.

`Calls` replaces LIBC: it records system calls without making them.
"""

import ctypes
import errno
import mmap
import os
import struct
from importlib.util import module_from_spec, spec_from_file_location

import pytest
from docopt import docopt

from rawbpf.asm.bytecode import Bytecode
from rawbpf.asm.decode import decode_all
from rawbpf.asm.instruction import Reference
from rawbpf.errors import MachineError
from rawbpf.machine.inputs import World
from rawbpf.machine.machine import Machine
from rawbpf.specs.map_spec import MapSpec
from rawbpf.uapi.bpf import bpf_cmd, bpf_map_type
from rawbpf.uapi.bpf_attr import BpfAttrMapCreate, BpfAttrMapElem, BpfAttrProgLoad
from rawbpf.uapi.perf_event import PerfEventAttr, perf_event_ioc

PAGE = mmap.PAGESIZE
RING_SIZE = 9 * PAGE


@pytest.fixture
def hello(lesson):
    """Import hello.py from the folder under test."""
    spec = spec_from_file_location("hello", lesson / "hello.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Calls:
    """Records system calls: the name and arguments of each call, and the structure it points to.

    ``answers`` are the results. A function as an answer is called with the structure.
    """

    def __init__(self, hello, monkeypatch, *answers):
        self.names = {number: name for name, number in hello.NUMBERS.items()}
        self.answers, self.made, self.seen = list(answers), [], []
        monkeypatch.setattr(hello, "LIBC", self)

    def syscall(self, number, *words):
        assert len(words) == 6, f"pass six arguments to LIBC.syscall, not {len(words)}"
        name = self.names[number]
        seen = None
        if name == "bpf":
            kind = {
                bpf_cmd.BPF_MAP_CREATE: BpfAttrMapCreate,
                bpf_cmd.BPF_PROG_LOAD: BpfAttrProgLoad,
                bpf_cmd.BPF_MAP_UPDATE_ELEM: BpfAttrMapElem,
            }[words[0]]
            seen = kind.from_buffer_copy(ctypes.string_at(words[1], words[2]).ljust(200, b"\0"))
        elif name == "perf_event_open":
            (size,) = struct.unpack_from("=I", ctypes.string_at(words[0], 8), 4)
            assert size >= 64, f"attr.size is {size}: set it to the size of the structure"
            raw = ctypes.string_at(words[0], size)
            seen = PerfEventAttr.from_buffer_copy(raw.ljust(200, b"\0"))
        self.made.append((name, words))
        self.seen.append(seen)
        assert self.answers, f"unexpected call of {name}{words}"
        answer = self.answers.pop(0)
        return answer(seen) if callable(answer) else answer


@pytest.mark.step(1)
@pytest.mark.parametrize(
    ("words", "duration"),
    [(["vfs_read"], "0"), (["vfs_read", "-d", "2"], "2"), (["vfs_read", "--duration=2"], "2")],
)
def test_the_command_line(hello, words, duration):
    arguments = docopt(hello.usage(), words)
    assert (arguments["FUNCTION"], arguments["--duration"]) == ("vfs_read", duration)


@pytest.mark.step(2)
def test_a_system_call_passes_its_arguments(hello, monkeypatch):
    calls = Calls(hello, monkeypatch, 7)
    assert hello.system_call("ioctl", 3, 4, 5) == 7, "return the result of the call"
    assert calls.made == [("ioctl", (3, 4, 5, 0, 0, 0))]


@pytest.mark.step(2)
def test_a_failed_system_call_raises_oserror(hello):
    try:
        result = hello.system_call("ioctl", -1)
    except OSError as error:
        number = error.errno
    else:
        pytest.fail(f"the call failed, and system_call returned {result}: raise an OSError")
    assert number == errno.EBADF, "the OSError must contain the error number"


@pytest.mark.step(3)
def test_the_map(hello, monkeypatch):
    calls = Calls(hello, monkeypatch, 7)
    assert hello.create_map(6) == 7, "return the descriptor of the map"
    (made,) = calls.seen
    assert isinstance(made, BpfAttrMapCreate)
    assert made.map_type == bpf_map_type.BPF_MAP_TYPE_PERF_EVENT_ARRAY
    assert (made.key_size, made.value_size, made.max_entries) == (4, 4, 6)


EVENTS_FD = 0x1234


def named(one):
    """Return the instruction with the map's name, if it loads the map's descriptor."""
    if (one.opcode, one.src, one.imm) == (0x18, 1, EVENTS_FD):
        return one._replace(reference=Reference("map", "events"))
    return one


def interpreted(code):
    """Run the program on CPU 1 in rawbpf's interpreter. Return the records it sends."""
    perf = bpf_map_type.BPF_MAP_TYPE_PERF_EVENT_ARRAY
    program = Bytecode("hello_kprobe", tuple(named(one) for one in decode_all(code)))
    world = World(pid=5, tgid=4, comm="cat", cpu=1)
    try:
        machine = Machine(program, [MapSpec("events", perf, 4, 4, 2)], world, check_stack=True)
        machine.run()
    except MachineError as error:
        raise AssertionError(f"step 4: {error}") from None
    (events,) = machine.maps
    return events.records


@pytest.mark.step(4)
def test_the_program_sends_a_record(hello):
    records = interpreted(hello.hello_kprobe(EVENTS_FD))
    assert len(records) == 1, "perf_event_output sent no record: check the map and the flags"
    (record,) = records
    assert len(record.data) == 24
    pid_tgid, comm = struct.unpack("=Q16s", record.data)
    assert (pid_tgid >> 32, pid_tgid & 0xFFFF_FFFF, comm) == (4, 5, b"cat".ljust(16, b"\0"))


def rejecting(text):
    """Return a function that fails a load as the verifier does, with ``text`` as the log."""

    def reject(attr):
        assert attr.log_buf, "log_buf is 0: pass the address of a buffer"
        assert attr.log_level, "log_level is 0, so the kernel writes no log"
        assert attr.log_size >= 1024, f"log_size is {attr.log_size}: pass the size of the buffer"
        ctypes.memmove(attr.log_buf, text, len(text))
        ctypes.set_errno(errno.EACCES)
        return -1

    return reject


@pytest.mark.step(5)
def test_the_program_is_loaded(hello, monkeypatch):
    code = bytes.fromhex("1801000007000000 0000000000000000 b700000000000000 9500000000000000")
    found = []

    def look(attr):
        found.append(ctypes.string_at(attr.insns, 8 * attr.insn_cnt))
        found.append(ctypes.string_at(attr.license))
        return 8

    calls = Calls(hello, monkeypatch, look)
    assert hello.load(code) == 8, "return the descriptor of the program"
    (made,) = calls.seen
    assert isinstance(made, BpfAttrProgLoad)
    assert made.prog_type == 2, "the program type must be BPF_PROG_TYPE_KPROBE"
    assert made.insn_cnt == 4, "insn_cnt counts slots of eight bytes"
    assert found[0] == code, "insns must point to the code"
    assert b"GPL" in found[1], f"the licence {found[1]!r} is not compatible with the GPL"


@pytest.mark.step(5)
def test_a_rejected_program_shows_the_log(hello, monkeypatch):
    Calls(hello, monkeypatch, rejecting(b"R2 !read_ok\0"))
    with pytest.raises(SystemExit) as caught:
        hello.load(bytes(16))
    assert "R2 !read_ok" in str(caught.value), "exit with the text of the log"


@pytest.mark.step(6)
def test_the_ring(hello, monkeypatch):
    event = os.memfd_create("ring")  # takes the place of an event: a descriptor to map
    os.ftruncate(event, RING_SIZE)
    stored = []

    def store(attr):
        pointers = (attr.key, attr.value)
        stored.extend(int.from_bytes(ctypes.string_at(one, 4), "little") for one in pointers)
        return 0

    calls = Calls(hello, monkeypatch, event, store)
    try:
        found, ring = hello.open_ring(3, 9)
        assert found == event, "return the event's descriptor, and then the ring"
        assert len(ring) == RING_SIZE, "map one control page and DATA_PAGES data pages"
        memoryview(ring)[0] = 1
        assert os.pread(event, 1, 0) == b"\1", "the mapping must be shared"
        ring.close()
    finally:
        os.close(event)
    made, element = calls.seen
    assert (made.type, made.config) == (1, 10), "the type and config of a BPF output event"
    assert made.sample_type == 1 << 10, "sample_type must be PERF_SAMPLE_RAW"
    assert made.wakeup_events == 1, "wakeup_events"
    (name, (_, *words)), _ = calls.made
    assert (name, words) == ("perf_event_open", [-1, 3, -1, 8, 0]), "pid, cpu, group, flags"
    assert element.map_fd == 9, "store the event in the map"
    assert stored == [3, event], "the key is the CPU, the value is the event's descriptor"


@pytest.mark.step(7)
def test_the_probe(hello, monkeypatch, tmp_path):
    (tmp_path / "type").write_text("6\n")
    read = hello.Path.read_text
    sysfs = "/sys/bus/event_source/devices/kprobe/type"
    monkeypatch.setattr(
        hello.Path,
        "read_text",
        lambda path, *args: read(tmp_path / "type" if str(path) == sysfs else path, *args),
    )
    names = []

    def look(attr):
        names.append(ctypes.string_at(attr.config1) if attr.config1 else b"")
        return 7

    calls = Calls(hello, monkeypatch, look, 0, 0)
    assert hello.attach(5, "vfs_read") == 7, "return the descriptor of the probe"
    assert names == [b"vfs_read"], "config1 must be the address of the function's name"
    assert calls.seen[0].type == 6, "type must be the number in the kprobe PMU's file"
    (_, (_, *words)), *ioctls = calls.made
    assert words[:3] == [-1, 0, -1], "pid -1, CPU 0, no group"
    set_bpf, enable = perf_event_ioc.PERF_EVENT_IOC_SET_BPF, perf_event_ioc.PERF_EVENT_IOC_ENABLE
    assert [(name, *words[:2]) for name, words in ioctls] == [
        ("ioctl", 7, set_bpf), ("ioctl", 7, enable),
    ], "set the program, and then enable the event"  # fmt: skip
    assert ioctls[0][1][2] == 5, "PERF_EVENT_IOC_SET_BPF takes the program's descriptor"


def record(data, kind=9):
    """Return a record as the kernel writes it, padded to a multiple of eight bytes."""
    size = -(-(12 + len(data)) // 8) * 8
    return (struct.pack("=IHHI", kind, 1, size, size - 12) + data).ljust(size, b"\0")


def ring_with(records, tail, pages=8):
    """Return a ring that contains these records from position ``tail`` on."""
    ring = memoryview(bytearray((1 + pages) * PAGE))
    for at, byte in enumerate(records, tail):
        ring[PAGE + at % (pages * PAGE)] = byte
    ring[:PAGE].cast("Q")[128], ring[:PAGE].cast("Q")[129] = tail + len(records), tail
    return ring


FIRST, SECOND = b"a" * 24, b"b" * 24


@pytest.mark.step(8)
@pytest.mark.timeout(20)  # a record that is read from the wrong place can have size 0
@pytest.mark.parametrize("tail", [0, 40, 8 * PAGE - 8, 8 * PAGE - 16, 24 * PAGE - 48])
def test_samples_are_read(hello, tail):
    ring = ring_with(record(FIRST) + record(b"lost" * 3, kind=2) + record(SECOND), tail)
    assert [one[:24] for one in hello.drain(ring)] == [FIRST, SECOND]


@pytest.mark.step(8)
@pytest.mark.timeout(20)  # a record that is read from the wrong place can have size 0
def test_the_space_is_released(hello):
    ring = ring_with(record(FIRST), 8 * PAGE + 40)
    control = ring[:PAGE].cast("Q")
    assert len(hello.drain(ring)) == 1
    head = 8 * PAGE + 80
    assert (control[128], control[129]) == (head, head), "store the head as the new tail"
    assert hello.drain(ring) == [], "the same event is returned again"
