"""A trace starts with few system calls."""

import json
import subprocess
import sys

from rawbpf.kernel.hardware import online_cpus

COUNT = """
import json, sys
from rawbpf.cli.main import main
from rawbpf.syscall.gate import watched

names = []


def watcher(name, words):
    if name == "epoll_pwait":  # the first sleep
        print(json.dumps(names), file=sys.stderr, flush=True)
        names.clear()
    names.append(name)
    return lambda result: None


with watched(watcher):
    main(["kprobe", "do_sys_openat2", "-d", "0.1"])
"""

EACH_CPU = {"perf_event_open": 1, "mmap": 1, "bpf": 1, "epoll_ctl": 1}
"""Opens and maps the ring, stores it in the map, and watches it."""

ONCE = {"bpf": 4, "perf_event_open": 1, "epoll_create1": 2, "epoll_ctl": 4}
"""Creates two maps, loads the program, opens and links the probe; watches a pipe and stdout."""


def test_kprobe_makes_few_system_calls_until_it_sleeps():
    words = [sys.executable, "-P", "-c", COUNT]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    names = json.loads(done.stderr.splitlines()[0])
    cpus = len(online_cpus())
    budget = {name: EACH_CPU.get(name, 0) * cpus + ONCE.get(name, 0) for name in EACH_CPU | ONCE}
    budget["ioctl"] = 2  # before 5.15, instead of the link
    counts = {name: names.count(name) for name in names}
    over = {name: count for name, count in counts.items() if count > budget.get(name, 0)}
    assert not over, (over, budget)
    assert counts["perf_event_open"] == cpus + 1
