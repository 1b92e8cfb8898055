"""Programs on perf events: through a link, through ioctl, and what is left after an error."""

import errno

import pytest

from rawbpf.asm import Builder, r0
from rawbpf.errors import AttachError, UnsupportedError, UsageError
from rawbpf.links import perf_events
from rawbpf.links.dispatch import attach
from rawbpf.links.perf_events import open_event
from rawbpf.programs.program import Program
from rawbpf.specs.program_spec import ProbeKind, ProbeSpec, ProgramSpec
from rawbpf.syscall.fd import Fd
from rawbpf.syscall.gate import replaced
from rawbpf.uapi.bpf import bpf_prog_type
from rawbpf.uapi.bpf_attr import BpfAttrLinkCreate
from rawbpf.uapi.perf_event import PerfEventAttr
from tests.support.fake_kernel import FakeKernel

EVENT, LINK, PROGRAM = 70, 71, 72
KPROBE = ProbeSpec(ProbeKind.KPROBE, "f")


@pytest.fixture(autouse=True)
def pmu(monkeypatch):
    monkeypatch.setattr(perf_events, "pmu_type", lambda name: 6)
    monkeypatch.setattr("rawbpf.kernel.hardware.online_cpus", lambda: [0, 2])


def attached(kernel, probe=KPROBE):
    b = Builder("two")
    b.mov(r0, 0)
    b.exit()
    spec = ProgramSpec("two", bpf_prog_type.BPF_PROG_TYPE_KPROBE, b.build())
    with replaced(kernel), Program(Fd(PROGRAM, "prog"), spec) as program:
        attach(program, probe).close()
    return kernel


def test_a_link_connects_the_program_and_is_closed_before_its_event():
    kernel = attached(FakeKernel(perf_event_open=[EVENT], BPF_LINK_CREATE=[LINK]))
    assert kernel.names() == ["perf_event_open", "BPF_LINK_CREATE"]
    assert kernel.closed == [LINK, EVENT, PROGRAM]


def test_before_5_15_an_ioctl_connects_it():
    kernel = FakeKernel(perf_event_open=[EVENT], BPF_LINK_CREATE=[-errno.EINVAL], ioctl=[0])
    attached(kernel)
    assert kernel.names() == ["perf_event_open", "BPF_LINK_CREATE", "ioctl", "ioctl"]
    assert kernel.closed == [EVENT, PROGRAM]


@pytest.mark.parametrize(
    "script",
    [
        {"BPF_LINK_CREATE": [-errno.EBUSY]},
        {"BPF_LINK_CREATE": [-errno.EINVAL], "ioctl": [-errno.EBUSY]},
        {"BPF_LINK_CREATE": [-errno.EINVAL], "ioctl": [0, -errno.EBUSY]},
    ],
)
def test_a_failed_attachment_leaves_nothing_open(script):
    kernel = FakeKernel(perf_event_open=[EVENT], **script)
    with pytest.raises(AttachError, match=r"cannot attach to kprobe f: .*EBUSY") as caught:
        attached(kernel)
    assert caught.value.errno == errno.EBUSY
    assert kernel.closed == [EVENT, PROGRAM]


def test_a_cookie_goes_into_the_link():
    def created(_cmd, address, _size):
        assert BpfAttrLinkCreate.from_address(address).bpf_cookie == 99
        return LINK

    attached(
        FakeKernel(perf_event_open=[EVENT], BPF_LINK_CREATE=[created]), KPROBE._replace(cookie=99)
    )


def test_a_cookie_needs_a_kernel_with_links():
    kernel = FakeKernel(perf_event_open=[EVENT], BPF_LINK_CREATE=[-errno.EINVAL])
    with pytest.raises(UnsupportedError, match=r"5\.15"):
        attached(kernel, KPROBE._replace(cookie=99))
    assert kernel.closed == [EVENT, PROGRAM]


def clocks(*places):
    """An open that expects the next (pid, cpu) each time."""
    expected = iter(places)

    def opened(address, pid, cpu, *_):
        assert (pid, cpu) == next(expected)
        assert PerfEventAttr.from_address(address).sample_period == 1000
        return EVENT + cpu

    return opened


def test_a_profile_has_an_event_on_each_cpu():
    probe = ProbeSpec(ProbeKind.PROFILE, period_ns=1000)
    kernel = attached(FakeKernel(perf_event_open=[clocks((-1, 0), (-1, 2))], ioctl=[0]), probe)
    assert kernel.names() == ["perf_event_open"] * 2 + ["ioctl"] * 4
    assert kernel.closed == [EVENT, EVENT + 2, PROGRAM]


def test_a_profile_of_one_process_has_one_event():
    probe = ProbeSpec(ProbeKind.PROFILE, pid=5, period_ns=1000)
    attached(FakeKernel(perf_event_open=[clocks((5, -1))], ioctl=[0]), probe)


def test_a_profile_that_fails_halfway_leaves_nothing_open():
    probe = ProbeSpec(ProbeKind.PROFILE, period_ns=1000)
    kernel = FakeKernel(perf_event_open=[EVENT, -errno.ENODEV])
    with pytest.raises(AttachError, match="ENODEV"):
        attached(kernel, probe)
    assert kernel.closed == [EVENT, PROGRAM]


def test_an_interval_has_one_event_on_the_first_cpu():
    probe = ProbeSpec(ProbeKind.INTERVAL, period_ns=1000)
    kernel = FakeKernel(perf_event_open=[clocks((-1, 0))], BPF_LINK_CREATE=[LINK])
    assert attached(kernel, probe).closed == [LINK, EVENT, PROGRAM]


@pytest.mark.parametrize(
    ("probe", "message"),
    [
        (KPROBE._replace(pid=1), "cannot be limited to one process"),
        (ProbeSpec(ProbeKind.INTERVAL), "must be greater than 0"),
        (ProbeSpec(ProbeKind.XDP, "lo", cookie=1), "does not support cookies"),
        (ProbeSpec(ProbeKind.XDP, "lo"), "has no attach type"),
    ],
)
def test_fields_that_make_no_sense_are_usage_errors(probe, message):
    kernel = FakeKernel()
    with pytest.raises(UsageError, match=message):
        attached(kernel, probe)
    assert kernel.names() == []


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("sched/none", errno.ENOENT),
        ("none", errno.ENOENT),
        ("x" * 300 + "/y", errno.ENAMETOOLONG),
    ],
)
def test_an_unknown_tracepoint_is_one_line(name, number, tmp_path, monkeypatch):
    (tmp_path / "events" / "sched").mkdir(parents=True)
    monkeypatch.setattr("rawbpf.kernel.file_systems.tracefs", lambda: str(tmp_path))
    with pytest.raises(AttachError, match="tracepoint") as caught:
        open_event(ProbeSpec(ProbeKind.TRACEPOINT, name))
    assert caught.value.errno == number
