"""List, pin and query the links of probes, and check that they end with their process."""

import ctypes
import json
import os
import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

import rawbpf as library
from rawbpf.collection.collection import Collection
from rawbpf.errors import UnsupportedError
from rawbpf.kernel.pins import unpin
from rawbpf.kernel.version import kernel_version
from rawbpf.links.dispatch import attach
from rawbpf.links.link import Link
from rawbpf.source.assembler import assemble
from rawbpf.specs.program_spec import ProbeKind, ProbePoint, ProbeSpec
from tests.support.calls import caller, getppid_function
from tests.support.command import rawbpf, running
from tests.support.leftovers import held, settles_to

HAS_LINKS = kernel_version() >= (5, 15)
COUNTS_MISSES = kernel_version() >= (6, 7)
PIN = Path("/sys/fs/bpf/rawbpf_test_link")

COUNT = """
.license "GPL"
.bss
runs: .quad 0
.program count, "{section}"
r0 = runs ll
r1 = 1
lock *(u64 *)(r0 + 0) += r1
r0 = 0
exit
"""


@contextmanager
def counting(kernel, probe, section="kprobe"):
    """Yield an object whose program counts its runs in ``bss``, and its link."""
    with Collection(assemble(COUNT.format(section=section)), kernel) as obj:
        obj.load()
        with attach(obj.programs["count"], probe) as link:
            yield obj, link


def listed():
    return [json.loads(line) for line in rawbpf("link", "list", "--json").stdout.splitlines()]


def kprobes_of(rows):
    """Return the links of perf events. Before 6.6, a link does not name its function."""
    return [row for row in rows if row["type"] == "perf_event"]


def test_the_probe_of_the_command_is_listed_and_gone_after_sigkill():
    before = held()
    with running("kprobe", "do_sys_openat2", "--ret") as probe:
        probe.wait_for("Listening for events")
        rows = kprobes_of(listed())
        assert len(rows) == 1  # before 5.15, a perf event without a link, which has no ID
        found = [row for row in rows if row["id"] is not None]
        assert len(found) == HAS_LINKS
        if kernel_version() >= (6, 6):
            assert (found[0]["func_name"], found[0]["retprobe"]) == ("do_sys_openat2", True)
        assert probe.end(signal.SIGKILL) == -signal.SIGKILL
    assert settles_to(before)
    assert kprobes_of(listed()) == []


def test_a_pinned_kprobe_outlives_its_link(kernel):
    with counting(kernel, ProbeSpec(ProbeKind.KPROBE, getppid_function())) as (obj, link):
        if not HAS_LINKS:
            with pytest.raises(UnsupportedError, match="kprobe"):
                link.pin(PIN)
            return
        link.pin(PIN)
        link.close()
        os.getppid()
        assert obj.bss["runs"] == 1
        with Link.from_pin(PIN) as again:
            assert again.info().type_word == "perf_event"
        unpin(PIN)
        assert becomes_true(lambda: not counts_a_call(obj))  # freed after an RCU grace period


def counts_a_call(obj):
    """Return whether the program still runs for a call of this process."""
    before = obj.bss["runs"]
    os.getppid()
    return obj.bss["runs"] > before


def becomes_true(condition):
    """Return whether a condition becomes true within some hundred attempts."""
    for _ in range(500):
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_the_session_of_the_library_has_a_link_to_query():
    with library.Kprobe(getppid_function()) as probe:
        if HAS_LINKS:
            assert probe.link.info().type_word == "perf_event"
        assert probe.link.missed == (0 if COUNTS_MISSES else None)


def sleepers(count):
    """Let threads be inside nanosleep(2) at the same time."""
    threads = [threading.Thread(target=time.sleep, args=(0.5,)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_calls_without_a_free_kretprobe_instance_are_missed(kernel):
    """A kretprobe has max(10, 2 x CPUs) instances, or the number of CPUs up to 5.10."""
    probe = ProbeSpec(ProbeKind.KPROBE, "hrtimer_nanosleep", ProbePoint.RETURN)
    with counting(kernel, probe) as (obj, link):
        sleepers(100)
        assert 0 < obj.bss["runs"] < 100
        if COUNTS_MISSES:
            assert link.missed + obj.bss["runs"] >= 100
        else:
            assert link.missed is None


COOKIE = """
.license "GPL"
.bss
cookie: .quad 0
.program count, "kprobe"
call bpf_get_attach_cookie
r1 = cookie ll
*(u64 *)(r1 + 0) = r0
r0 = 0
exit
"""


def test_the_program_reads_the_cookie_of_its_probe(kernel):
    probe = ProbeSpec(ProbeKind.KPROBE, getppid_function(), cookie=0x1122334455667788)
    if not HAS_LINKS:
        with pytest.raises(UnsupportedError, match=r"5\.15"), counting(kernel, probe):
            pass
        return
    with Collection(assemble(COOKIE), kernel) as obj:
        obj.load()
        with attach(obj.programs["count"], probe):
            os.getppid()
        assert obj.bss["cookie"] == probe.cookie


def test_a_uprobe_can_be_limited_to_a_process(kernel):
    probe = ProbeSpec(ProbeKind.UPROBE, "libc.so.6:getppid", pid=os.getpid())
    getppid = ctypes.CDLL("libc.so.6").getppid
    with counting(kernel, probe) as (obj, _), caller(3, 0) as other:
        other.call()
        assert obj.bss["runs"] == 0
        getppid()
        assert obj.bss["runs"] == 1


@pytest.mark.parametrize(
    ("probe", "label"),
    [
        (ProbeSpec(ProbeKind.PROFILE, period_ns=10**7), "profile at 100 Hz"),
        (ProbeSpec(ProbeKind.PROFILE, period_ns=10**7, pid=os.getpid()), "profile at 100 Hz"),
        (ProbeSpec(ProbeKind.INTERVAL, period_ns=10**7), "interval at 100 Hz"),
    ],
)
def test_clocks_run_the_program_periodically(kernel, probe, label):
    with counting(kernel, probe, "perf_event") as (obj, link):
        until = time.monotonic() + 0.5
        while time.monotonic() < until:  # a profile of this process counts only while it runs
            pass
        assert link.where == label
        assert obj.bss["runs"] >= 5
    after = obj.bss["runs"]
    time.sleep(0.05)
    assert obj.bss["runs"] == after
