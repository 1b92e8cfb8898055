"""`rawbpf kprobe` starts fast, because it imports little of rawbpf until its first sleep."""

import subprocess
import sys

from tests.support.markdown import ROOT

BUDGET = 70

RUN = """
import ctypes, errno, os, sys
from rawbpf.kernel import hardware, version
from rawbpf.syscall.gate import replaced
from tests.support.fake_kernel import FakeKernel

hardware.pmu_type = lambda name, *_: 6
version.kernel_version = lambda **_: (6, 12)
probes = iter([*[-errno.ENODEV] * len(hardware.possible_cpus()), 906])

memory = ctypes.create_string_buffer(1 << 20)


def first_sleep(*_):
    ours = [name for name in sys.modules if name.partition(".")[0] in ("rawbpf", "numpy")]
    print(*ours, file=sys.stderr)
    os._exit(0)


kernel = FakeKernel(
    BPF_MAP_CREATE=[901, 902, 908],
    BPF_PROG_LOAD=[903],
    mmap=[ctypes.addressof(memory)],
    BPF_LINK_CREATE=[907],
    perf_event_open=[lambda *_: next(probes)],
    epoll_create1=[904, 905],
    epoll_ctl=[0],
    ioctl=[0],
    capget=[0],
    capset=[0],
    prctl=[0],
    epoll_pwait=[first_sleep],
)
with replaced(kernel):
    from rawbpf.cli.main import main

    main(["kprobe", "vfs_read"])
"""


def test_kprobe_imports_at_most_so_many_of_our_modules():
    words = [sys.executable, "-c", RUN]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    modules = done.stderr.split()
    assert "rawbpf.reading.session" in modules
    assert "numpy" not in modules
    assert len(modules) <= BUDGET, "\n".join(sorted(modules))
