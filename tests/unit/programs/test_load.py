"""Loads that the kernel rejects."""

import errno

import pytest

from rawbpf.asm import Builder, r0
from rawbpf.errors import KernelError, VerifierError
from rawbpf.programs.program import load
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.syscall.gate import replaced
from rawbpf.uapi.bpf import bpf_prog_type
from rawbpf.uapi.bpf_attr import BpfAttrProgLoad
from tests.support.fake_kernel import FakeKernel, write_log


@pytest.fixture
def spec():
    b = Builder("two")
    b.mov(r0, 0)
    b.exit()
    return ProgramSpec("two", bpf_prog_type.BPF_PROG_TYPE_SOCKET_FILTER, b.build())


def test_the_first_attempt_asks_for_no_log(spec):
    seen = []

    def accept(_cmd, address, size):
        attr = BpfAttrProgLoad.from_address(address)
        seen.append((attr.log_level, attr.log_size, attr.insn_cnt, attr.prog_name, size))
        return 44

    with replaced(FakeKernel(BPF_PROG_LOAD=[accept])):
        load(spec, {}).close()
    assert seen == [(0, 0, 2, b"two", BpfAttrProgLoad.prog_name.offset + 16)]


def test_the_log_buffer_grows_until_the_log_fits(spec):
    log = "line of the log\n" * 20_000 + "R0 !read_ok\nprocessed 1 insns\n"
    kernel = FakeKernel(BPF_PROG_LOAD=[write_log(log, errno.EACCES)])
    with replaced(kernel), pytest.raises(VerifierError) as caught:
        load(spec, {})
    assert caught.value.log == log
    assert caught.value.cause == "R0 !read_ok"
    assert len(kernel.calls) == 4  # no log, 64 KiB, 256 KiB, 1 MiB


def test_efault_does_not_hide_the_log(spec):
    def efault(*call):
        answer = write_log("the reason\n", errno.EACCES)(*call)
        return answer if answer == -errno.EACCES and not log_level(call) else -errno.EFAULT

    def log_level(call):
        return BpfAttrProgLoad.from_address(call[1]).log_level

    with replaced(FakeKernel(BPF_PROG_LOAD=[efault])), pytest.raises(VerifierError) as caught:
        load(spec, {})
    assert caught.value.cause == "the reason"


@pytest.mark.parametrize("number", [errno.E2BIG, errno.EINVAL, errno.ENOMEM])
def test_a_failure_without_a_log_has_its_errno(spec, number):
    with replaced(FakeKernel(BPF_PROG_LOAD=[-number])), pytest.raises(KernelError) as caught:
        load(spec, {})
    assert not isinstance(caught.value, VerifierError)
    assert caught.value.errno == number
    assert errno.errorcode[number] in caught.value.explanation.cause


def test_a_program_that_only_the_second_attempt_loads_is_an_error(spec):
    """Conditions may change between the two; the descriptor of the second must not leak."""
    kernel = FakeKernel(BPF_PROG_LOAD=[-errno.EPERM, 55])
    with replaced(kernel), pytest.raises(KernelError):
        load(spec, {})
    assert kernel.closed == [55]
