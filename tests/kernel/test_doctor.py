"""On a kernel that can be traced, doctor says so; where something is missing, it says what."""

import json
import subprocess
from pathlib import Path

import pytest

from rawbpf.features.answer import Outcome
from rawbpf.features.table import FEATURES
from rawbpf.kernel.version import kernel_version
from tests.kernel.test_kprobe_errors import CAP_PERFMON, DROP
from tests.support.command import RAWBPF, rawbpf
from tests.support.leftovers import held


def findings(done) -> dict[str, dict]:
    return {check["name"]: check for check in json.loads(done.stdout)["checks"]}


def test_this_machine_can_be_traced():
    before = held()
    done = rawbpf("doctor")
    assert done.returncode == 0, done.stdout
    assert "`rawbpf kprobe` can run here" in done.stdout
    assert "FAIL" not in done.stdout
    assert held() == before, "nothing stays behind"


def test_the_trial_really_tried():
    said = findings(rawbpf("doctor", "--json"))
    assert "the verifier took the program" in said["trial: load"]["evidence"]
    assert "placed and taken away" in said["trial: probe"]["evidence"]


def drop(keep: str, uid: int) -> subprocess.CompletedProcess:
    python = RAWBPF[0]
    command = [python, "-c", DROP, keep, str(uid), *RAWBPF, "doctor", "--json"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("keep", "uid", "lacks"),
    [("", 65534, "CAP_BPF and CAP_PERFMON"), (str(CAP_PERFMON), 0, "lacks CAP_BPF")],
)
def test_without_capabilities_it_fails_and_names_them(keep, uid, lacks):
    done = drop(keep, uid)
    assert done.returncode == 1, done.stderr
    said = findings(done)
    assert said["capabilities"]["status"] == "fail"
    assert lacks in said["capabilities"]["evidence"]
    assert said["trial: load"]["status"] == "fail"
    assert "Traceback" not in done.stderr


def test_tracefs_is_not_needed():
    mounts = Path("/proc/self/mounts").read_text()
    said = findings(rawbpf("doctor", "--json"))
    assert (said["tracefs"]["status"] == "ok") == (" tracefs " in mounts)


@pytest.mark.parametrize("feature", FEATURES.values(), ids=lambda feature: feature.name)
def test_each_feature_came_with_the_kernel_that_the_table_says(feature):
    """No in a kernel that should have it is as wrong as yes in one that should not."""
    answer = feature.ask()
    expected = Outcome.YES if kernel_version() >= feature.since else Outcome.NO
    assert answer.outcome is expected, answer.evidence
