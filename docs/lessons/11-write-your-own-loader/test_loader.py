"""Tests for lesson 11.

The tests compare fields with rawbpf's structures. The last two tests need a kernel.
"""

import ast
import errno
import struct
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace

import pytest

from rawbpf.asm.decode import decode_all
from rawbpf.source.assembler import assemble_file
from rawbpf.uapi.bpf_attr import BpfAttrMapCreate, BpfAttrProgLoad
from rawbpf.uapi.perf_event import PerfEventAttr
from tests.support.command import opening_files

SOURCE = Path(__file__).parent / "hello.bpf.s"


@pytest.fixture
def loader(lesson):
    """Import loader.py from the folder under test."""
    spec = spec_from_file_location("loader", lesson / "loader.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def as_struct(kind, raw):
    """Return the bytes as the structure that the kernel expects."""
    return kind.from_buffer_copy(raw.ljust(200, b"\0"))


@pytest.mark.step(1)
def test_a_failed_call_raises_oserror(loader):
    try:
        result = loader.enter("close", -1)
    except OSError as error:
        number = error.errno
    else:
        pytest.fail(f"close(-1) failed, and enter returned {result}: raise an OSError")
    assert number == errno.EBADF, "the OSError must contain the error number"


@pytest.mark.step(1)
def test_a_call_returns_its_result(loader, monkeypatch):
    made = []
    libc = SimpleNamespace(syscall=lambda *words: made.append(words) or 7)
    monkeypatch.setattr(loader, "LIBC", libc)
    assert loader.enter("ioctl", 3, 4, 5) == 7, "return the result of the call"
    assert made == [(loader.NUMBERS["ioctl"], 3, 4, 5, 0, 0, 0)], "pass six arguments"


@pytest.mark.step(2)
def test_a_structure_is_bytes_at_offsets(loader):
    assert loader.attr(8, (0, 2, 0x102), (4, 4, 7)).hex() == "0201000007000000"
    assert loader.attr(3) == bytes(3)


@pytest.mark.step(3)
def test_the_map(loader):
    made = as_struct(BpfAttrMapCreate, loader.map_attr(6))
    assert (made.map_type, made.key_size, made.value_size, made.max_entries) == (4, 4, 4, 6)


@pytest.mark.step(4)
def test_relocation_puts_in_the_descriptor(loader):
    (wanted,) = assemble_file(SOURCE).programs.values()
    code = loader.relocated(loader.PROGRAM, 0x1234)
    assert decode_all(code) == decode_all(wanted.code.encode(maps={"events": 0x1234}))


@pytest.mark.step(5)
def test_the_load(loader):
    made = as_struct(BpfAttrProgLoad, loader.load_attr(0x1000, 18, 0x2000, 0x3000, 4096))
    assert (made.prog_type, made.insns, made.insn_cnt, made.license) == (2, 0x1000, 18, 0x2000)
    assert (made.log_level, made.log_size, made.log_buf) == (1, 4096, 0x3000)


@pytest.mark.step(6)
def test_the_ring(loader):
    raw = loader.ring_attr()
    made = as_struct(PerfEventAttr, raw)
    assert (made.type, made.size, made.config) == (1, len(raw), 10)
    assert (made.sample_period, made.sample_type, made.wakeup_events) == (1, 1 << 10, 1)


@pytest.mark.step(7)
def test_the_probe(loader):
    raw = loader.probe_attr(6, 0x7000)
    made = as_struct(PerfEventAttr, raw)
    assert (made.type, made.size, made.config1) == (6, len(raw), 0x7000)


def record(data, kind=9):
    """Return a record as the kernel writes it: header, length of the data, data."""
    return struct.pack("=IHHI", kind, 1, 12 + len(data), len(data)) + data


@pytest.mark.step(8)
@pytest.mark.timeout(20)  # a record that is read from the wrong place can have size 0
def test_samples_are_read_and_their_space_is_freed(loader):
    first, lost, second = record(b"a" * 28), record(b"lost", kind=2), record(b"b" * 28)
    ring = memoryview(bytearray(2 * loader.PAGE))
    begin = loader.PAGE - len(first) + 8  # the first record wraps around at the end of the ring
    for at, byte in enumerate(first + lost + second, begin):
        ring[loader.PAGE + at % loader.PAGE] = byte
    control = ring[: loader.PAGE].cast("Q")
    head = begin + len(first + lost + second)
    control[129], control[128] = begin, head
    assert loader.samples(ring) == [b"a" * 28, b"b" * 28]
    assert (control[128], control[129]) == (head, head), "store the head as the new tail"
    assert loader.samples(ring) == []


def run(lesson, *words):
    """Run loader.py from the command line."""
    command = [sys.executable, "-I", lesson / "loader.py", *words]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)


@pytest.mark.usefixtures("traceable_kernel")
def test_from_bytes_to_events(lesson):
    with opening_files():
        done = run(lesson, "do_sys_openat2", "1")
    assert done.returncode == 0, done.stderr
    assert "'python" in done.stdout
    imports = ast.walk(ast.parse((lesson / "loader.py").read_text()))
    names = {name.name for node in imports if isinstance(node, ast.Import) for name in node.names}
    assert names <= sys.stdlib_module_names, "use only the standard library"


@pytest.mark.usefixtures("traceable_kernel")
def test_an_unknown_function_is_an_error(lesson):
    done = run(lesson, "nonexistent_function_xyz123", "1")
    assert done.returncode == 1
    assert "Cannot probe nonexistent_function_xyz123" in done.stderr, done.stderr
