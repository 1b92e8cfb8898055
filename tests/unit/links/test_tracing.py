"""Trampolines: the target that a program was verified for, and the meaning of two errnos."""

import errno

import pytest

from rawbpf.arch import ARM64
from rawbpf.asm.bytecode import Bytecode
from rawbpf.errors import AttachError, UsageError
from rawbpf.links.dispatch import attach
from rawbpf.links.tracing import why_no_trampoline
from rawbpf.programs.program import Program
from rawbpf.specs.program_spec import ProbeKind, ProbePoint, ProbeSpec, ProgramSpec
from rawbpf.syscall.fd import Fd
from rawbpf.syscall.gate import replaced
from rawbpf.uapi.bpf import bpf_prog_type
from tests.support.fake_kernel import FakeKernel

FENTRY = ProbeSpec(ProbeKind.FENTRY, "blk_done")


@pytest.fixture
def root(tmp_path):
    place = tmp_path / "sys/kernel/tracing"
    place.mkdir(parents=True)
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/mounts").write_text("t /sys/kernel/tracing tracefs rw 0 0\n")
    (place / "available_filter_functions").write_text("vfs_read\nblk_start [blk]\n")
    return tmp_path


@pytest.mark.parametrize(
    ("function", "said"), [("blk_done", "notrace"), ("vfs_read", ""), ("blk_start", "")]
)
def test_ebusy_means_notrace_for_a_function_that_ftrace_does_not_list(root, function, said):
    why = why_no_trampoline(FENTRY._replace(target=function), errno.EBUSY, root)
    assert said in why
    assert bool(why) == bool(said)


def test_ebusy_is_not_explained_without_the_list_of_ftrace(tmp_path):
    assert why_no_trampoline(FENTRY, errno.EBUSY, tmp_path) == ""


def test_only_probes_of_functions_are_explained(root):
    assert why_no_trampoline(ProbeSpec(ProbeKind.LSM, "f"), 524, root) == ""
    assert "more arguments" in why_no_trampoline(FENTRY, 524, root)
    assert why_no_trampoline(FENTRY, errno.EINVAL, root) == ""


def test_trampolines_are_newer_on_some_architectures(root):
    future = ARM64._replace(trampolines_since=(99, 4))
    for kind in (ProbeKind.FENTRY, ProbeKind.FMOD_RET, ProbeKind.LSM):
        why = why_no_trampoline(ProbeSpec(kind, "f"), 524, root, future)
        assert why == f"on arm64, {kind.value} programs need Linux 99.4 or newer"
        assert "99.4" not in why_no_trampoline(ProbeSpec(kind, "f"), errno.EBUSY, root, future)
    assert why_no_trampoline(ProbeSpec(ProbeKind.TP_BTF, "f"), 524, root, future) == ""


def attached(kernel, probe):
    kind = bpf_prog_type.BPF_PROG_TYPE_TRACING
    spec = ProgramSpec("p", kind, Bytecode("p", ()), section="fexit/f", attach_to="f")
    with replaced(kernel), Program(Fd(72, "prog"), spec) as program:
        attach(program, probe).close()


def test_a_program_is_attached_only_where_it_was_verified_for():
    probe = ProbeSpec(ProbeKind.FENTRY, "f", ProbePoint.RETURN)
    kernel = FakeKernel(BPF_RAW_TRACEPOINT_OPEN=[71])
    attached(kernel, probe)
    assert kernel.closed == [71, 72]
    with pytest.raises(UsageError, match="verified for 'f'"):
        attached(FakeKernel(), probe._replace(target="g"))


def test_an_error_names_the_probe():
    kernel = FakeKernel(BPF_RAW_TRACEPOINT_OPEN=[-524])
    with pytest.raises(AttachError, match="cannot attach to fexit f: f takes more arguments"):
        attached(kernel, None)
