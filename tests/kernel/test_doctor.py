"""doctor finds no problem on a kernel that can be traced, and names whatever is missing."""

import json
import subprocess

import pytest

from rawbpf.features.answer import Outcome
from rawbpf.features.table import FEATURES
from rawbpf.kernel.btf import loaded_modules
from rawbpf.kernel.version import kernel_version
from tests.kernel.test_kprobe_errors import CAP_PERFMON, DROP
from tests.support.command import RAWBPF, rawbpf
from tests.support.leftovers import held, settles_to


def findings(done) -> dict[str, dict]:
    return {check["name"]: check for check in json.loads(done.stdout)["checks"]}


def test_this_machine_can_be_traced_and_the_trial_ran():
    before = held()
    done = rawbpf("doctor", "--json")
    assert done.returncode == 0, done.stdout
    said = findings(done)
    assert {check["status"] for check in said.values()} <= {"ok", "warn", "optional"}
    assert "loaded the program" in said["trial: load"]["evidence"]
    assert "created a kprobe on" in said["trial: probe"]["evidence"]
    assert settles_to(before), "doctor left objects in the kernel"


def drop(keep: str, uid: int) -> subprocess.CompletedProcess:
    python = RAWBPF[0]
    command = [python, "-c", DROP, keep, str(uid), *RAWBPF, "doctor", "--json"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("keep", "uid", "lacks"),
    [("", 65534, "CAP_BPF and CAP_PERFMON"), (str(CAP_PERFMON), 0, "lacks CAP_BPF")],
)
def test_missing_capabilities_are_named(keep, uid, lacks):
    done = drop(keep, uid)
    assert done.returncode == 1, done.stderr
    said = findings(done)
    assert said["capabilities"]["status"] == "fail"
    assert lacks in said["capabilities"]["evidence"]
    assert said["trial: load"]["status"] == "fail"
    assert "Traceback" not in done.stderr


NEED_FPROBE = "BPF_LINK_TYPE_KPROBE_MULTI", "BPF_TRACE_KPROBE_SESSION"


@pytest.mark.parametrize("feature", FEATURES.values(), ids=lambda feature: feature.name)
def test_each_feature_exists_since_the_kernel_in_the_table(feature):
    """A feature must be found on kernels that have it, and on no others."""
    answer = feature.ask()
    if feature.name == "BTF for modules" and not loaded_modules():
        assert answer.outcome is Outcome.UNSURE
        return
    expected = Outcome.YES if kernel_version() >= feature.since else Outcome.NO
    if feature.name in NEED_FPROBE and "EOPNOTSUPP" in answer.evidence:
        expected = Outcome.NO  # known to the kernel but not built in, as in Debian's 6.1
    assert answer.outcome is expected, answer.evidence
