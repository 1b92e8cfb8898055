"""The outcomes of probes on simulated kernels."""

import errno

import pytest

from rawbpf.features import table
from rawbpf.features.answer import Outcome
from rawbpf.features.probes import (
    btf_feature,
    capability,
    helper,
    instruction,
    kprobe_multi,
    log_true_size,
    map_type,
    memcg_accounting,
    module_types,
    perf_event_link,
    pmu,
    program_type,
)
from rawbpf.syscall.gate import replaced
from rawbpf.uapi.bpf import bpf_attach_type, bpf_map_type, bpf_prog_type
from rawbpf.uapi.bpf_attr import BpfAttrProgLoad
from tests.support.fake_kernel import FakeKernel, write_log
from tests.support.machine import Machine

YES, NO, UNSURE = Outcome.YES, Outcome.NO, Outcome.UNSURE
FD = 1000


def ask(probe, **script):
    """Return the outcome on a kernel that follows ``script``, and check that all is closed."""
    kernel = FakeKernel(**{name: [result] for name, result in script.items()})
    with replaced(kernel):
        answer = probe()
    made = sum(result == FD for result in script.values())
    assert kernel.closed == [FD] * made
    assert answer.evidence
    return answer.outcome


ERRNOS = [
    (FD, YES),
    (-errno.EINVAL, NO),
    (-errno.E2BIG, NO),
    (-errno.EOPNOTSUPP, NO),
    (-524, NO),
    (-errno.EPERM, UNSURE),
    (-errno.ENOMEM, UNSURE),
]


@pytest.mark.parametrize(("result", "outcome"), ERRNOS)
def test_maps(result, outcome):
    probe = lambda: map_type(bpf_map_type.BPF_MAP_TYPE_RINGBUF)  # noqa: E731
    assert ask(probe, BPF_MAP_CREATE=result) is outcome


@pytest.mark.parametrize(("result", "outcome"), ERRNOS)
def test_programs_and_instructions(result, outcome):
    kind = bpf_prog_type.BPF_PROG_TYPE_KPROBE
    assert ask(lambda: program_type(kind), BPF_PROG_LOAD=result) is outcome
    assert ask(lambda: instruction("nothing", lambda b: None), BPF_PROG_LOAD=result) is outcome


@pytest.mark.parametrize(("result", "outcome"), ERRNOS)
def test_btf_kinds(result, outcome):
    assert ask(lambda: btf_feature("enum64"), BPF_BTF_LOAD=result) is outcome


@pytest.mark.parametrize(
    ("log", "outcome"),
    [
        ("invalid func unknown#174\n", NO),
        ("0: (85) call unknown#0\nunknown func bpf_loop#181\n", NO),
        ("program of this type cannot use helper bpf_ktime_get_coarse_ns#160\n", NO),
        ("0: (85) call bpf_perf_event_output#25\nR2 !read_ok\n", YES),
        ("R1 type=ctx expected=fp\nprocessed 1 insns\n", YES),
    ],
)
def test_helpers_are_recognized_by_the_log(log, outcome):
    load = write_log(log, errno.EACCES if outcome is YES else errno.EINVAL)
    assert ask(lambda: helper("loop"), BPF_PROG_LOAD=load) is outcome


def test_helpers_without_arguments_load():
    assert ask(lambda: helper("ktime_get_ns"), BPF_PROG_LOAD=FD) is YES


@pytest.mark.parametrize("number", [errno.EPERM, errno.EINVAL, errno.ENOSYS])
def test_a_helper_is_unknown_if_the_call_fails_before_verification(number):
    assert ask(lambda: helper("loop"), BPF_PROG_LOAD=-number) is UNSURE


def test_memory_accounting_is_probed_by_a_helper():
    gone = write_log("invalid func unknown#160\n", errno.EINVAL)
    assert ask(memcg_accounting, BPF_PROG_LOAD=gone) is NO
    assert ask(memcg_accounting, BPF_PROG_LOAD=FD) is YES


@pytest.mark.parametrize(("size", "outcome"), [(120, YES), (0, NO)])
def test_log_true_size(size, outcome):
    kernel = FakeKernel()

    def load(_cmd, address, _size):
        BpfAttrProgLoad.from_address(address).log_true_size = size
        return FD

    kernel.script["BPF_PROG_LOAD"] = [load]
    with replaced(kernel):
        assert log_true_size().outcome is outcome
    assert kernel.closed == [FD]


def test_log_true_size_is_unknown_if_the_load_fails():
    assert ask(log_true_size, BPF_PROG_LOAD=-errno.EPERM) is UNSURE


@pytest.mark.parametrize(
    ("link", "outcome"),
    [
        (-errno.EBADF, YES),
        (-errno.EINVAL, NO),
        (-errno.EPERM, UNSURE),
    ],
)
def test_perf_event_links(link, outcome):
    assert ask(perf_event_link, BPF_PROG_LOAD=FD, BPF_LINK_CREATE=link) is outcome


@pytest.mark.parametrize(
    ("link", "outcome"),
    [
        (-errno.ESRCH, YES),
        (-errno.ENOENT, YES),
        (-errno.EINVAL, NO),
        (-errno.E2BIG, NO),
        (-errno.EOPNOTSUPP, NO),
        (-errno.EPERM, UNSURE),
    ],
)
def test_kprobe_multi(link, outcome):
    probe = lambda: kprobe_multi(bpf_attach_type.BPF_TRACE_KPROBE_MULTI)  # noqa: E731
    assert ask(probe, BPF_PROG_LOAD=FD, BPF_LINK_CREATE=link) is outcome


@pytest.mark.parametrize(("load", "outcome"), [(-errno.EINVAL, NO), (-errno.EPERM, UNSURE)])
def test_a_link_is_unknown_if_its_program_fails(load, outcome):
    assert ask(perf_event_link, BPF_PROG_LOAD=load) is outcome


@pytest.mark.parametrize(
    ("last", "outcome"), [("40\n", YES), ("37\n", NO), (None, UNSURE), ("many\n", UNSURE)]
)
def test_capabilities(tmp_path, last, outcome):
    machine = Machine(tmp_path)
    if last is not None:
        machine.file("/proc/sys/kernel/cap_last_cap", last)
    assert capability("CAP_BPF", machine.root).outcome is outcome


def test_pmus(tmp_path):
    assert pmu("kprobe", tmp_path).outcome is NO
    assert pmu("kprobe", Machine(tmp_path).kprobe_pmu().root).outcome is YES


def test_btf_of_modules(tmp_path):
    assert module_types(tmp_path).outcome is UNSURE
    machine = Machine(tmp_path).file("/proc/modules", "xfs 1 0 - Live 0x0\n")
    assert module_types(machine.root).outcome is NO
    machine.file("/sys/kernel/btf/xfs", b"\x9f\xeb")
    assert module_types(machine.root).outcome is YES


def test_all_probes_are_unknown_without_capabilities():
    told_by_files = "CAP_", "kprobe PMU", "BTF for modules"
    asked = [f for f in table.FEATURES.values() if not f.name.startswith(told_by_files)]
    with replaced(lambda name, *words: -errno.EPERM):
        outcomes = {feature.name: feature.ask().outcome for feature in asked}
    assert set(outcomes.values()) == {UNSURE}, outcomes
