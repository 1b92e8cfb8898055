"""Tests for lesson 00. The tests pass texts and folders to check.py, so they do not need root."""

import json
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location

import pytest


@pytest.fixture
def check(lesson):
    """Import check.py from the folder under test."""
    spec = spec_from_file_location("check", lesson / "check.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.step(1)
@pytest.mark.parametrize(
    ("release", "version"),
    [("6.1.0-18-cloud-amd64", (6, 1)), ("5.10.0", (5, 10)), ("7.0-rc3", (7, 0))],
)
def test_kernel_version(check, release, version):
    assert check.kernel_version(release) == version


@pytest.mark.parametrize(
    ("mask", "held"),
    [
        ("0000000000000000", set()),
        ("0000008000000000", {"CAP_BPF"}),
        ("000001ffffffffff", {"CAP_BPF", "CAP_PERFMON", "CAP_SYS_ADMIN"}),
    ],
)
@pytest.mark.step(2)
def test_capabilities(check, mask, held):
    status = f"Name:\tpython\nCapPrm:\t000001ffffffffff\nCapEff:\t{mask}\nSeccomp:\t0\n"
    assert check.capabilities(status) == held


@pytest.mark.step(3)
def test_kprobe_pmu(check, tmp_path):
    assert check.kprobe_pmu(tmp_path) is None
    device = tmp_path / "bus/event_source/devices/kprobe"
    device.mkdir(parents=True)
    (device / "type").write_text("6\n")
    assert check.kprobe_pmu(tmp_path) == 6


@pytest.mark.step(4)
def test_missing(check):
    both = {"CAP_BPF", "CAP_PERFMON"}
    assert check.missing((5, 10), both, 6) == []
    assert check.missing((6, 1), {"CAP_SYS_ADMIN"}, 6) == []
    assert check.missing((6, 1), {"CAP_BPF"}, None) == ["CAP_PERFMON", "kprobes"]
    assert check.missing((4, 19), set(), 6) == ["Linux 5.8", "CAP_BPF", "CAP_PERFMON"]


def test_the_doctor_agrees(lesson):
    """check.py and `rawbpf doctor` agree on whether this machine supports kprobes."""
    mine = subprocess.run(
        [sys.executable, lesson / "check.py"], capture_output=True, text=True, check=False
    )
    assert "missing " in mine.stdout, mine.stderr
    words = [sys.executable, "-m", "rawbpf", "doctor", "--json"]
    doctor = subprocess.run(words, capture_output=True, text=True, check=False)
    status = {check["name"]: check["status"] for check in json.loads(doctor.stdout)["checks"]}
    assert ("kprobes" in mine.stdout.splitlines()[-1]) == (status["kprobes"] == "fail")
