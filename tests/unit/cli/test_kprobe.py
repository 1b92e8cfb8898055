"""`kprobe` with invalid arguments, and with a kernel whose system calls fail."""

import ctypes
import errno

import pytest

from rawbpf.cli.arguments import parse_duration
from rawbpf.cli.main import main
from rawbpf.errors import UsageError
from rawbpf.syscall.gate import replaced
from tests.support.fake_kernel import FakeKernel, write_log


@pytest.fixture(autouse=True)
def kernel_with_kprobes(monkeypatch):
    monkeypatch.setattr("rawbpf.tracing.kprobe.pmu_type", lambda name: 6)
    monkeypatch.setattr("rawbpf.links.perf_events.pmu_type", lambda name: 6)


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ("0.25", 0.25), ("1e3", 1000)])
def test_durations_are_seconds(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "1e99", "soon", "", "1s"])
def test_invalid_durations_are_usage_errors(text):
    with pytest.raises(UsageError, match="specify seconds"):
        parse_duration(text)


@pytest.mark.parametrize(
    "argv", [["--pid=0"], ["--pid=x"], ["--pid=99999999"], ["--buffer-pages=3"], ["-d", "-1"]]
)
def test_invalid_options_are_usage_errors(argv, capsys):
    assert main(["kprobe", "vfs_read", *argv]) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0", "3", "1048576", "-1", "x", "1" * 30])
def test_invalid_buffer_pages_are_usage_errors(text, capsys):
    assert main(["kprobe", "vfs_read", f"--buffer-pages={text}"]) == 2
    assert "power of two" in capsys.readouterr().err


STRANGE = ["", "a b;c", "x" * 10_000, "do_sys_openat2+0x1", "naïve", "nul\0", "vfs_*", "0xffff"]


@pytest.mark.parametrize("name", STRANGE)
def test_invalid_function_names_give_one_line(name, capsys):
    assert main(["kprobe", name]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("rawbpf: ")
    assert len(line) < 300


def run_with(kernel: FakeKernel, *argv: str) -> int:
    with replaced(kernel):
        return main([*argv, "kprobe", "vfs_read", "-d", "1"])


def test_a_missing_permission_for_maps_is_explained(capsys):
    assert run_with(FakeKernel(BPF_MAP_CREATE=[-errno.EPERM])) == 1
    said = capsys.readouterr().err
    assert said.startswith("rawbpf: cannot create map 'events': ")
    assert "[RB-E00" in said.splitlines()[0]
    assert "  asked    BPF_MAP_CREATE: map_type=BPF_MAP_TYPE_PERF_EVENT_ARRAY, " in said


LOG = "0: R1=ctx() R10=fp0\n0: (79) r0 = *(u64 *)(r1 +1000)\nnot on Tuesdays\n"


def test_a_rejection_shows_its_cause_and_with_v_the_whole_log(capsys):
    maps = [901, 902, 903]
    kernel = FakeKernel(BPF_MAP_CREATE=maps, BPF_PROG_LOAD=[write_log(LOG, errno.EACCES)])
    assert run_with(kernel) == 1
    said = capsys.readouterr().err
    assert "rejected program 'hello_kprobe': not on Tuesdays" in said
    assert "instruction 0: r0 = *(u64 *)(r1 +1000)" in said
    assert "0: (79)" not in said
    assert kernel.closed == [903, 902, 901]
    again = FakeKernel(BPF_MAP_CREATE=maps, BPF_PROG_LOAD=[write_log(LOG, errno.EACCES)])
    assert run_with(again, "-v") == 1
    assert "0: (79) r0 = *(u64 *)(r1 +1000)" in capsys.readouterr().err


def test_everything_is_closed_in_reverse_order_when_a_ring_cannot_be_opened(capsys):
    memory = ctypes.create_string_buffer(1 << 20)  # of the map that holds flags
    kernel = FakeKernel(
        BPF_MAP_CREATE=[901, 902, 903],
        BPF_PROG_LOAD=[904],
        mmap=[ctypes.addressof(memory)],
        munmap=[0],
        perf_event_open=[-errno.EMFILE],
    )
    assert run_with(kernel) == 1
    assert kernel.closed == [904, 903, 902, 901]
    assert "EMFILE" in capsys.readouterr().err
