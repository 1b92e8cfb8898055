"""A program on a perf event: by a link, by an ioctl, or not at all."""

import errno

import pytest

from rawbpf.asm import Builder, r0
from rawbpf.errors import AttachError
from rawbpf.links.perf_link import run_on
from rawbpf.programs.program import Program
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.syscall.fd import Fd
from rawbpf.syscall.gate import replaced
from rawbpf.uapi.bpf import bpf_prog_type
from tests.support.fake_kernel import FakeKernel

EVENT, LINK, PROGRAM = 70, 71, 72


@pytest.fixture
def spec():
    b = Builder("two")
    b.mov(r0, 0)
    b.exit()
    return ProgramSpec("two", bpf_prog_type.BPF_PROG_TYPE_KPROBE, b.build())


def attached(kernel, spec):
    with replaced(kernel), Program(Fd(PROGRAM, "prog"), spec) as program:
        run_on(program, "kprobe f", Fd(EVENT, "event")).close()
    return kernel


def test_a_link_is_made_and_closed_with_its_event(spec):
    kernel = attached(FakeKernel(BPF_LINK_CREATE=[LINK], ioctl=[0]), spec)
    assert kernel.names() == ["BPF_LINK_CREATE", "ioctl"]
    assert sorted(kernel.closed[:2]) == [EVENT, LINK]


def test_without_such_links_an_ioctl_does_it(spec):
    kernel = attached(FakeKernel(BPF_LINK_CREATE=[-errno.EINVAL], ioctl=[0, 0]), spec)
    assert kernel.names() == ["BPF_LINK_CREATE", "ioctl", "ioctl"]
    assert kernel.closed == [EVENT, PROGRAM]


@pytest.mark.parametrize(
    "script",
    [
        {"BPF_LINK_CREATE": [-errno.EBUSY]},
        {"BPF_LINK_CREATE": [LINK], "ioctl": [-errno.EBUSY]},
        {"BPF_LINK_CREATE": [-errno.EINVAL], "ioctl": [-errno.EBUSY]},
    ],
)
def test_a_refusal_leaves_nothing_open(spec, script):
    kernel = FakeKernel(**script)
    with pytest.raises(AttachError, match=r"cannot attach to kprobe f: .*EBUSY") as caught:
        attached(kernel, spec)
    assert caught.value.errno == errno.EBUSY
    made = {EVENT, PROGRAM} | ({LINK} if script["BPF_LINK_CREATE"] == [LINK] else set())
    assert sorted(kernel.closed) == sorted(made)
