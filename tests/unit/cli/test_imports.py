"""Commands start fast, because they import little: each start has a budget of modules."""

import subprocess
import sys

import pytest

from tests.support.markdown import ROOT

HEAVY = {"dataclasses", "docopt", "inspect", "json", "numpy", "pathlib", "re", "rich", "subprocess",
         "typing"}  # fmt: skip
"""Modules whose import takes longer than all of ours that a small command needs."""

REPORT = """
import os, sys

before = set(sys.modules)


def report(*_):
    os.write(2, "\\n".join(set(sys.modules) - before).encode())
    os._exit(0)
"""

LIBRARY = "import rawbpf; report()"

HELP = """
from rawbpf.cli.main import main

main(["--help"])
report()
"""

KPROBE = """
import ctypes

from rawbpf.kernel import hardware, version
from rawbpf.syscall.gate import replaced

hardware.pmu_type = lambda name, *_: 6
version.kernel_version = lambda **_: (6, 12)
memory = ctypes.create_string_buffer(1 << 20)
fds = iter(range(900, 1000))
no_such_cpu = [-19] * len(hardware.possible_cpus())  # ENODEV: no ring is mapped


def kernel(name, *_):
    if name == "epoll_pwait":  # the first sleep
        report()
    if name == "perf_event_open" and no_such_cpu:
        return no_such_cpu.pop()
    if name == "mmap":
        return ctypes.addressof(memory)
    return next(fds) if name in ("bpf", "perf_event_open", "epoll_create1") else 0


with replaced(kernel):
    from rawbpf.cli.main import main

    main(["kprobe", "vfs_read"])
"""


def imported(code):
    """Return the modules that a new process imports until it calls report()."""
    words = [sys.executable, "-S", "-c", REPORT + code]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    modules = set(done.stderr.split())
    assert "rawbpf" in modules
    return modules


@pytest.mark.parametrize(
    ("code", "reaches", "ours", "others"),
    [
        (LIBRARY, "rawbpf.front_door", 4, 16),
        (HELP, "rawbpf.cli.terminal", 13, 24),
        (KPROBE, "rawbpf.reading.session", 70, 32),
    ],
    ids=["library", "help", "kprobe"],
)
def test_a_start_imports_at_most_so_many_modules(code, reaches, ours, others):
    modules = imported(code)
    own = {name for name in modules if name.partition(".")[0] == "rawbpf"}
    assert reaches in own
    assert not modules & HEAVY
    assert len(own) <= ours, "\n".join(sorted(own))
    assert len(modules - own) <= others, "\n".join(sorted(modules - own))
