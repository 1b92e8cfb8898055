"""perf_event_open(2), and ioctl(2) on perf events.

int perf_event_open(struct perf_event_attr *attr, pid_t pid, int cpu, int group_fd,
unsigned long flags)
"""

from __future__ import annotations

import ctypes
import os

from rawbpf.errors import KernelError
from rawbpf.syscall.fd import Fd
from rawbpf.syscall.gate import Attr, enter
from rawbpf.uapi.perf_event import (
    PERF_ATTR_WATERMARK,
    PERF_COUNT_SW_BPF_OUTPUT,
    PERF_COUNT_SW_CPU_CLOCK,
    PERF_FLAG_FD_CLOEXEC,
    PERF_SAMPLE_RAW,
    PERF_TYPE_SOFTWARE,
    PERF_TYPE_TRACEPOINT,
    PerfEventAttr,
    perf_event_ioc,
)

__all__ = [
    "open_bpf_output",
    "open_cpu_clock",
    "open_probe",
    "open_tracepoint",
    "open_uprobe",
    "perf_ioctl",
]


def _open(attr: Attr[PerfEventAttr], *, pid: int, cpu: int, label: str) -> Fd:
    attr.struct.size = ctypes.sizeof(PerfEventAttr)
    words = attr.address, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC
    return Fd(enter("perf_event_open", *words), label)


def open_bpf_output(cpu: int, *, wakeup_bytes: int = 0) -> Fd:
    """Open the software event to which BPF programs on ``cpu`` write their records.

    By default, each record wakes the reader. With ``wakeup_bytes``, the reader is woken whenever
    this number of bytes has been written to the ring.

    Raises KernelError with ENODEV (the CPU is offline) or EACCES (CAP_PERFMON is missing and
    perf_event_paranoid is above -1).
    """
    struct = PerfEventAttr(
        type=PERF_TYPE_SOFTWARE,
        config=PERF_COUNT_SW_BPF_OUTPUT,
        sample_period=1,
        sample_type=PERF_SAMPLE_RAW,
        flags=PERF_ATTR_WATERMARK if wakeup_bytes else 0,
        wakeup_events=wakeup_bytes or 1,
    )
    return _open(Attr(struct), pid=-1, cpu=cpu, label=f"perf:cpu{cpu}")


def open_probe(pmu: int, function: str, *, config: int = 0, offset: int = 0) -> Fd:
    """Open an event of the kprobe PMU (4.17) on a kernel function.

    ``pmu`` is the number of the PMU in sysfs, and ``config`` contains its format bits (retprobe). A
    probe patches kernel code, which all CPUs share, so pid -1 and CPU 0 together mean all processes
    on all CPUs. A hit has no effect until a program is attached.
    """
    struct = PerfEventAttr(type=pmu, config=config, config2=offset)
    attr = Attr(struct).point("config1", function.encode() + b"\0")
    return _open(attr, pid=-1, cpu=0, label=f"kprobe:{function}")


def open_uprobe(pmu: int, path: str, *, offset: int, config: int = 0, pid: int = -1) -> Fd:
    """Open an event of the uprobe PMU (4.17) at an offset in a file.

    Raises KernelError with ENOENT (the file does not exist) or EINVAL (no instruction starts at the
    offset).
    """
    struct = PerfEventAttr(type=pmu, config=config, config2=offset)
    attr = Attr(struct).point("config1", os.fsencode(path) + b"\0")
    cpu = 0 if pid < 0 else -1
    return _open(attr, pid=pid, cpu=cpu, label=f"uprobe:{path}+{offset:#x}")


def open_tracepoint(number: int, name: str) -> Fd:
    """Open the event of a tracepoint, given by its number in tracefs."""
    struct = PerfEventAttr(
        type=PERF_TYPE_TRACEPOINT, config=number, sample_period=1, sample_type=PERF_SAMPLE_RAW
    )
    return _open(Attr(struct), pid=-1, cpu=0, label=f"tracepoint:{name}")


def open_cpu_clock(cpu: int, period_ns: int, pid: int = -1) -> Fd:
    """Open a software clock that fires once per period on a CPU, or for ``pid`` if the CPU is -1.

    The kernel uses a high-resolution timer, and raises periods below 10 microseconds.
    """
    struct = PerfEventAttr(
        type=PERF_TYPE_SOFTWARE, config=PERF_COUNT_SW_CPU_CLOCK, sample_period=period_ns
    )
    label = f"clock:cpu{cpu}" if pid < 0 else f"clock:pid{pid}"
    return _open(Attr(struct), pid=pid, cpu=cpu, label=label)


def perf_ioctl(fd: Fd, request: perf_event_ioc, argument: int = 0) -> None:
    """Make an ioctl(2) call on a perf event. A KernelError names the request."""
    try:
        enter("ioctl", fd.fileno(), request, argument)
    except KernelError as error:
        raise KernelError(request.name, errno=error.errno or 0, call=request.name) from None
