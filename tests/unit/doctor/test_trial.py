"""The trial under kernels that refuse it, one by one."""

import errno

import pytest

from rawbpf.doctor import trial
from rawbpf.doctor.examine import examine
from rawbpf.doctor.finding import Check, Status
from rawbpf.syscall.gate import replaced
from tests.support.fake_kernel import FakeKernel, write_log

NOWHERE = "/"


def refused(look, **script):
    kernel = FakeKernel(**{name: [result] for name, result in script.items()})
    with replaced(kernel):
        [(_, (status, evidence, _))] = examine([Check("trial", look)], NOWHERE)
    assert status is Status.FAIL
    made = sum(isinstance(result, int) and result >= 0 for result in script.values())
    assert len(kernel.closed) >= made, "whatever was made was closed"
    return evidence


def test_no_right_to_make_a_map():
    assert "cannot create map 'events'" in refused(trial.load_and_read, BPF_MAP_CREATE=-errno.EPERM)


def test_a_verifier_that_refuses():
    log = write_log("0: (b7) r0 = 0\nR0 is odd\nprocessed 1 insns\n", errno.EACCES)
    said = refused(trial.load_and_read, BPF_MAP_CREATE=1000, BPF_PROG_LOAD=log)
    assert "R0 is odd" in said


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.EINVAL, "the kernel has no BPF_PROG_TYPE_KPROBE"), (errno.EPERM, "could not tell")],
)
def test_features_that_are_not_there_or_cannot_be_asked_for(number, words):
    said = refused(trial.missing_features, BPF_MAP_CREATE=1000, BPF_PROG_LOAD=-number)
    assert words in said


def test_a_probe_that_is_refused(monkeypatch):
    monkeypatch.setattr(trial, "pmu_type", lambda name: 6)
    said = refused(trial.place_a_probe, perf_event_open=-errno.EPERM)
    assert said.startswith("cannot probe 'vfs_rmdir'")


def test_a_probe_that_is_placed_is_taken_away(monkeypatch):
    monkeypatch.setattr(trial, "pmu_type", lambda name: 6)
    kernel = FakeKernel(perf_event_open=[1000])
    with replaced(kernel):
        finding = trial.place_a_probe(NOWHERE)
    assert finding.status is Status.OK
    assert kernel.closed == [1000]
    assert kernel.names() == ["perf_event_open"], "nothing was tied to it or switched on"
