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

EACH_CPU = {"perf_event_open": 2, "mmap": 1, "bpf": 2, "epoll_ctl": 1, "ioctl": 1}
"""Opens two events that share a ring, stores them in maps, and watches them."""

ONCE = {"bpf": 5, "perf_event_open": 1, "mmap": 1, "epoll_create1": 2, "epoll_ctl": 4, "ioctl": 2}
"""Creates three maps, loads and attaches the program, and watches a pipe and stdout.

Before 5.15, the program is attached by two calls of ioctl, after a call for a link has failed."""

RIGHTS = {"capget": 1, "capset": 2, "prctl": 1}
"""Drops the capabilities that are not needed any more."""


def test_kprobe_makes_few_system_calls_until_it_sleeps():
    words = [sys.executable, "-P", "-c", COUNT]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    names = json.loads(done.stderr.splitlines()[0])
    counts = {name: names.count(name) for name in names}
    cpus = len(online_cpus())
    budget = {name: EACH_CPU.get(name, 0) * cpus + most for name, most in (ONCE | RIGHTS).items()}
    over = {name: count for name, count in counts.items() if count > budget.get(name, 0)}
    assert not over, f"{counts} is over {budget}"
    assert counts["mmap"] == cpus + 1
