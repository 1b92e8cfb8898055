"""The trial on simulated kernels that fail one of its system calls."""

import errno

import pytest

from rawbpf.doctor import trial
from rawbpf.doctor.examine import examine
from rawbpf.doctor.finding import Check, Status
from rawbpf.syscall.gate import replaced
from tests.support.fake_kernel import FakeKernel, write_log

NOWHERE = "/"


def failed(look, **script):
    kernel = FakeKernel(**{name: [result] for name, result in script.items()})
    with replaced(kernel):
        [(_, (status, evidence, _))] = examine([Check("trial", look)], NOWHERE)
    assert status is Status.FAIL
    made = sum(isinstance(result, int) and result >= 0 for result in script.values())
    assert len(kernel.closed) >= made, "every descriptor was closed"
    return evidence


def test_creating_a_map_is_denied():
    assert "cannot create map 'events'" in failed(trial.load_and_read, BPF_MAP_CREATE=-errno.EPERM)


def test_the_program_is_rejected():
    log = write_log("0: (b7) r0 = 0\nR0 is odd\nprocessed 1 insns\n", errno.EACCES)
    said = failed(trial.load_and_read, BPF_MAP_CREATE=1000, BPF_PROG_LOAD=log)
    assert "R0 is odd" in said


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EINVAL, "this kernel does not support BPF_PROG_TYPE_KPROBE"),
        (errno.EPERM, "features unknown"),
    ],
)
def test_features_that_are_missing_or_unknown(number, words):
    said = failed(trial.missing_features, BPF_MAP_CREATE=1000, BPF_PROG_LOAD=-number)
    assert words in said


def test_a_probe_is_denied(monkeypatch):
    monkeypatch.setattr(trial, "pmu_type", lambda name: 6)
    said = failed(trial.place_a_probe, perf_event_open=-errno.EPERM)
    assert said.startswith("cannot attach to vfs_rmdir")


def test_a_probe_is_created_and_removed(monkeypatch):
    monkeypatch.setattr(trial, "pmu_type", lambda name: 6)
    kernel = FakeKernel(perf_event_open=[1000])
    with replaced(kernel):
        finding = trial.place_a_probe(NOWHERE)
    assert finding.status is Status.OK
    assert kernel.closed == [1000]
    assert kernel.names() == ["perf_event_open"], "no program was attached, and nothing enabled"
