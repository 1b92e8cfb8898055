"""What EBUSY and ENOTSUPP mean where a trampoline was to go."""

import errno

import pytest

from rawbpf.asm.bytecode import Bytecode
from rawbpf.links.diagnose_trampoline import why_no_trampoline
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.uapi.bpf import bpf_attach_type, bpf_prog_type


def spec(attach_type, function="blk_done"):
    kind, code = bpf_prog_type.BPF_PROG_TYPE_TRACING, Bytecode("p", ())
    return ProgramSpec("p", kind, code, expected_attach_type=attach_type, attach_to=function)


@pytest.fixture
def root(tmp_path):
    place = tmp_path / "sys/kernel/tracing"
    place.mkdir(parents=True)
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/mounts").write_text("t /sys/kernel/tracing tracefs rw 0 0\n")
    (place / "available_filter_functions").write_text("vfs_read\nblk_start [blk]\n")
    return tmp_path


FENTRY = bpf_attach_type.BPF_TRACE_FENTRY


@pytest.mark.parametrize(
    ("function", "said"), [("blk_done", "notrace"), ("vfs_read", ""), ("blk_start", "")]
)
def test_busy_means_closed_where_ftrace_does_not_know_the_function(root, function, said):
    why = why_no_trampoline(spec(FENTRY, function), errno.EBUSY, root)
    assert said in why
    assert bool(why) == bool(said)


def test_without_ftraces_list_nothing_is_claimed(tmp_path):
    assert why_no_trampoline(spec(FENTRY), errno.EBUSY, tmp_path) == ""


def test_only_functions_are_spoken_of(root):
    assert why_no_trampoline(spec(bpf_attach_type.BPF_LSM_MAC), 524, root) == ""
    assert "more arguments" in why_no_trampoline(spec(FENTRY), 524, root)
    assert why_no_trampoline(spec(FENTRY), errno.EINVAL, root) == ""
