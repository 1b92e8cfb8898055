"""A cause that a message names is the true one, though the errno has several."""

import json
import os
import subprocess
from pathlib import Path

import pytest

import rawbpf as library
from tests.kernel.conftest import IN_GUEST
from tests.support.calls import caller, getppid_function
from tests.support.capabilities import become_user
from tests.support.command import RAWBPF
from tests.support.denied import in_child

pytestmark = pytest.mark.usefixtures("memory")

TRACEPOINT = """
.license "GPL"
.program enter, "tracepoint/syscalls/sys_enter_getppid"
        r0 = 0
        exit
"""


@pytest.mark.parametrize("level", ["2", "3"])
def test_a_user_is_stopped_by_the_mode_of_tracefs_and_not_by_perf_event_paranoid(level):
    paranoid = Path("/proc/sys/kernel/perf_event_paranoid")
    source = Path("/tmp/enter.bpf.s")
    source.write_text(TRACEPOINT)
    source.chmod(0o644)
    before = paranoid.read_text()

    def work():
        become_user("CAP_BPF", "CAP_PERFMON")
        words = [*RAWBPF, "run", str(source), "-d", "0.1"]
        done = subprocess.run(words, capture_output=True, text=True, cwd="/")
        return json.dumps([done.returncode, done.stderr])

    try:
        paranoid.write_text(level)
        status, said = json.loads(in_child(work))
    finally:
        paranoid.write_text(before)
        source.unlink()
    assert status == 1
    assert "cannot read /sys/kernel" in said
    assert "only root may enter tracefs" in said
    assert "paranoid" not in said


def test_a_cpu_that_was_offline_for_a_while():
    """The kernel stops the event of a CPU that goes offline, and does not start it again."""
    if not IN_GUEST:
        pytest.skip("takes a CPU offline")
    cpu = max(os.sched_getaffinity(0))
    online = Path(f"/sys/devices/system/cpu/cpu{cpu}/online")
    with caller(10, cpu) as calls, library.Kprobe(getppid_function(), pid=calls.pid) as probe:
        online.write_text("0")
        online.write_text("1")
        calls.call()
        probe.stop()
        delivered = len(list(probe.events()))
        ledger = probe.ledger
    assert delivered + ledger.total_lost == 10
    assert (
        ledger.lost_text()
        == "10 (EOPNOTSUPP: the ring is inactive because its CPU was offline for a while)"
    )
    assert ledger.unaccounted == 0
