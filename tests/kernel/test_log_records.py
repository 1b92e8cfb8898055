"""Send log records from a BPF program: levels, arguments, and filtering."""

import pytest

import rawbpf as library
from rawbpf.asm import Builder, r0, r1, r6, r7, r8
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.tracing.log_program import emit_log
from rawbpf.uapi.bpf import bpf_prog_type
from tests.support.calls import caller, getppid_function
from tests.support.command import Running, rawbpf, running, summary


@pytest.fixture
def program_of_every_level():
    """A program that sends four records for each call, one of each level."""
    b = Builder("program_of_every_level")
    b.mov(r6, r1)
    b.call("get_current_pid_tgid")
    b.mov(r7, r0)
    b.rsh(r7, 32)
    b.mov(r8, -2)
    emit_log(b, r6, "error", "process {} failed with {:d}", [r7, r8])
    emit_log(b, r6, "warn", "{:x}", [r8])
    emit_log(b, r6, "info", "no argument")
    emit_log(b, r6, "debug", "{:p} {:p} {:p}", [r7, r7, r7])
    b.mov(r0, 0)
    b.exit()
    return ProgramSpec("program_of_every_level", bpf_prog_type.BPF_PROG_TYPE_KPROBE, b.build())


def test_records_of_every_level_arrive_with_their_arguments(program_of_every_level):
    function = getppid_function()
    with caller(2, 0) as calls, library.Kprobe(function, program=program_of_every_level) as probe:
        calls.call()
        events = [event for event in probe.events(duration=1) if event.pid == calls.pid]
    said = [(event.level, event.message) for event in events]
    once = [
        (1, f"process {calls.pid} failed with -2"),
        (2, f"{2**64 - 2:x}"),
        (3, "no argument"),
        (4, " ".join([f"{calls.pid:#x}"] * 3)),
    ]
    assert said == once * 2


def five_calls(*options: str) -> Running:
    """Run the command while a process makes five calls."""
    with caller(5, 0) as calls:
        words = "kprobe", getppid_function(), "--pid", str(calls.pid), *options
        with running(*words) as probe:
            probe.wait_for("Listening for events")
            calls.call()
            assert probe.end() == 0
            return probe


def test_hidden_records_are_still_counted(monkeypatch):
    """`kprobe triggered!` is a record of level info."""
    monkeypatch.setenv("RAWBPF_LOG", "warning")
    probe = five_calls()
    assert "kprobe triggered!" not in probe.text
    assert summary(probe.text) == (5, 0)
    assert "5 below the log level" in probe.text


def test_returns_can_be_probed():
    assert summary(five_calls("--ret").text) == (5, 0)


def test_an_unknown_function_for_a_return_probe_is_named():
    done = rawbpf("kprobe", "--ret", "nonexistent_function_xyz123")
    assert done.returncode == 1
    assert "nonexistent_function_xyz123" in done.stderr
