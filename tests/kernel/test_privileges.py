"""What tracing commands may still do once they have attached, and that this is enough."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import rawbpf
from rawbpf.errors import KernelError, errno_name
from rawbpf.kernel.needs import required
from rawbpf.kernel.version import kernel_version
from rawbpf.maps.map import Map, PerCpuArray
from rawbpf.reading.perf_reader import PerfReader
from rawbpf.syscall.capset import drop_for_good
from rawbpf.syscall.perf_event import open_bpf_output
from rawbpf.tracing.log_program import OUTCOMES, events_map
from tests.kernel.conftest import IN_GUEST
from tests.support.calls import caller, getppid_function
from tests.support.capabilities import USER, become_user, sets_of
from tests.support.command import RAWBPF, running, summary
from tests.support.denied import in_child

pytestmark = pytest.mark.usefixtures("memory")

BPF = {"CAP_BPF"} if kernel_version() < (5, 19) else set()
RINGS = {"CAP_PERFMON", "CAP_IPC_LOCK"}
PARANOID = Path("/proc/sys/kernel/perf_event_paranoid")


@pytest.fixture(params=[2, 3])
def level(request):
    """Level 3 exists in the kernels of Debian and Ubuntu only."""
    before = PARANOID.read_text()
    PARANOID.write_text(str(request.param))
    yield request.param
    PARANOID.write_text(before)


def rings(level):
    return RINGS | {"CAP_SYS_ADMIN"} if level > 2 else RINGS


def while_tracing(*words, ready):
    """Return the sets of all threads of a command that has attached, and its end."""
    with running(*words) as command:
        command.wait_for(ready)
        # the message is written by a thread that exists only once capabilities are dropped
        threads = sets_of(command.process.pid)
        assert command.end() == 0, command.errors
    return threads, command


def assert_kept(threads, kept):
    assert len(threads) >= 2, "one thread reads and one writes"
    for sets in threads.values():
        assert sets["CapEff"] == sets["CapPrm"] == kept
        assert sets["CapInh"] == sets["CapAmb"] == set()
        assert sets["NoNewPrivs"] == "1"


def test_kprobe_drops_capabilities_in_every_thread(level):
    threads, command = while_tracing("kprobe", "vfs_rmdir", ready="Listening for events")
    assert_kept(threads, BPF | rings(level))
    assert "0 events delivered" in command.text


def test_kept_capabilities_are_those_that_verbose_output_names(level):
    _, command = while_tracing("-v", "kprobe", "vfs_rmdir", ready="Listening for events")
    named = " ".join(sorted(BPF | rings(level)))
    assert f"capabilities kept while tracing: {named}\n" in command.errors


def test_run_drops_capabilities_in_every_thread():
    threads, _ = while_tracing("run", "bpf_src/count_by_comm.bpf.s", ready="Attached")
    assert_kept(threads, BPF)


@pytest.fixture
def private_installation():
    """Give rawbpf's folder to an ordinary user, and let nobody else read it."""
    if not IN_GUEST:
        pytest.skip("changes the owner of rawbpf's folder")
    folder = Path(rawbpf.__file__).parent
    os.chown(folder, USER, USER)
    folder.chmod(0o700)
    yield
    os.chown(folder, 0, 0)
    folder.chmod(0o755)


@pytest.mark.usefixtures("private_installation")
def test_modules_of_another_user_can_still_be_imported():
    with caller(5000, 0) as calls:
        with running("kprobe", getppid_function(), "--pid", str(calls.pid)) as probe:
            probe.wait_for("Listening for events")
            threads = sets_of(probe.process.pid)
            calls.call()
            assert probe.end() == 0, probe.errors
        delivered, lost = summary(probe.text)
    assert delivered + lost == 5000
    for sets in threads.values():
        assert "CAP_DAC_READ_SEARCH" in sets["CapEff"]
        assert "CAP_DAC_OVERRIDE" not in sets["CapEff"]


def test_keep_caps_keeps_them():
    words = "kprobe", "vfs_rmdir", "--keep-caps"
    threads, _ = while_tracing(*words, ready="Listening for events")
    mine = sets_of(os.getpid())[os.getpid()]
    for sets in threads.values():
        assert {"CAP_SYS_ADMIN", *BPF, *RINGS} <= sets["CapEff"] == mine["CapEff"]
        assert sets["NoNewPrivs"] == "0"


EXECUTE = """
import subprocess, sys
from rawbpf.syscall.capset import drop_for_good
drop_for_good(lambda held: [])
show = "print(open('/proc/self/status').read().partition('CapEff:')[2].split()[0])"
subprocess.run([sys.executable, "-c", show])
"""


def test_root_gains_no_capability_by_executing_a_program():
    done = subprocess.run([sys.executable, "-c", EXECUTE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout, 16) == 0


def test_kprobe_keeps_nothing_for_rings_that_cannot_grow():
    words = "kprobe", "vfs_rmdir", "--max-buffer-pages", "64"
    threads, _ = while_tracing(*words, ready="Listening for events")
    assert_kept(threads, BPF)


@pytest.mark.parametrize("most", ["1", "4096"])
def test_the_ledger_balances_with_loss_and_growth(most):
    function, count = getppid_function(), 20_000
    with caller(count, 0) as calls:
        sizes = "--buffer-pages", "1", "--max-buffer-pages", most
        words = "kprobe", function, "--pid", str(calls.pid), *sizes
        with running(*words) as probe:
            probe.wait_for("Listening for events")
            calls.call()
            assert probe.end() == 0
        delivered, lost = summary(probe.text)
    assert delivered + lost == count
    assert "never read" not in probe.text
    assert "could not grow" not in probe.text
    assert ("rings grew to" in probe.text) == (most != "1")
    assert most != "1" or lost > 0
    assert probe.text.count("kprobe triggered!") == delivered


def as_user(*capabilities):
    """Return a function that runs a command as an ordinary user with these capabilities."""

    def run(*words):
        def work():
            become_user(*capabilities)
            done = subprocess.run(
                [*RAWBPF, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                cwd="/",
            )  # fmt: skip
            return json.dumps([done.returncode, done.stdout, done.stderr])

        return json.loads(in_child(work))

    return run


def test_kprobe_as_a_user_with_the_required_capabilities(level):
    status, out, err = as_user(*required("kprobe"))("kprobe", "vfs_rmdir", "-d", "0.2")
    if level > 2:
        assert status == 1
        assert "perf_event_paranoid is 3, which requires CAP_SYS_ADMIN on this kernel" in err
    else:
        assert status == 0, err
        assert "0 events delivered" in out


@pytest.mark.parametrize("missing", required("kprobe"))
def test_a_required_capability_that_is_missing_is_named(missing):
    held = set(required("kprobe")) - {missing}
    status, _, err = as_user(*held)("kprobe", "vfs_rmdir", "-d", "0.2")
    assert status == 1
    assert f"this process lacks {missing}" in err


def errno_without(kept, work):
    """Return the errno of ``work`` in a process that has only the capabilities ``kept``."""

    def attempt():
        drop_for_good(lambda held: held & set(kept))
        try:
            work()
        except KernelError as error:
            return errno_name(error.errno)
        return "done"

    return in_child(attempt)


@pytest.mark.no_probe
def test_reading_counters_requires_a_capability_before_5_19_only():
    with PerCpuArray.create(OUTCOMES) as outcomes:
        assert errno_without(["CAP_BPF"], outcomes.sums) == "done"
        assert errno_without([], outcomes.sums) == ("EPERM" if BPF else "done")


@pytest.mark.no_probe
def test_opening_a_ring_requires_the_capabilities_in_the_table(level):
    def work():
        open_bpf_output(0).close()

    assert errno_without(rings(level), work) == "done"
    assert errno_without(RINGS - {"CAP_PERFMON"}, work) == "EACCES"
    assert errno_without(RINGS, work) == ("EACCES" if level > 2 else "done")


@pytest.mark.no_probe
def test_a_ring_beyond_the_limits_requires_cap_ipc_lock():
    pages = 2 * int(Path("/proc/sys/kernel/perf_event_mlock_kb").read_text()) // 4 * os.cpu_count()
    pages = 1 << pages.bit_length()

    def work():
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (1 << 16, 1 << 16))
        with Map.create(events_map([0])) as events:
            PerfReader(events, pages).close()

    everything = ["CAP_BPF", "CAP_PERFMON", "CAP_SYS_ADMIN"]
    assert errno_without([*everything, "CAP_IPC_LOCK"], work) == "done"
    assert errno_without(everything, work) == "EPERM"
