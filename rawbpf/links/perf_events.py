"""Programs on perf events: uprobes, tracepoints, the clock.

Each is opened as an event, then told to run a program (``links.perf_link``). What the event counts
is of no interest.

    uprobe        the uprobe PMU (4.17): a file and an offset in it; every process that maps it
    tracepoint    PERF_TYPE_TRACEPOINT: a number, which tracefs tells
    perf_event    the software clock: one event on each CPU, so many times a second
"""

from __future__ import annotations

import errno
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from rawbpf.errors import AttachError, KernelError
from rawbpf.kernel.file_systems import tracefs
from rawbpf.kernel.hardware import online_cpus, pmu_format_bit, pmu_type
from rawbpf.links.attach_error import attach_error
from rawbpf.links.perf_link import run_on, run_on_each
from rawbpf.links.user_functions import find_function
from rawbpf.syscall.perf_event import (
    open_cpu_clock,
    open_tracepoint,
    open_uprobe,
)

if TYPE_CHECKING:
    from rawbpf.links.link import Link
    from rawbpf.programs.program import Program

__all__ = ["attach_cpu_clock", "attach_tracepoint", "attach_uprobe"]

_FREQUENCY = 99
"""Samples a second. Not 100: it would keep step with what the kernel itself does 100 times."""


def attach_uprobe(program: Program, where: str, *, retprobe: bool = False, pid: int = -1) -> Link:
    """Run the program where ``PATH:FUNCTION[+OFFSET]`` begins, or (``retprobe``) returns.

    ``pid``: only in that process. A path without a slash is looked for among libraries and in PATH.
    """
    path, offset = find_function(where)
    config = 1 << pmu_format_bit("uprobe", "retprobe") if retprobe else 0
    try:
        fd = open_uprobe(pmu_type("uprobe"), str(path), offset=offset, config=config, pid=pid)
    except KernelError as error:
        raise attach_error(f"cannot probe {where}", error) from None
    return run_on(program, f"{'uretprobe' if retprobe else 'uprobe'} {where}", fd)


def attach_tracepoint(program: Program, where: str) -> Link:
    """Run the program at the tracepoint ``GROUP/NAME``. tracefs has to be mounted."""
    place = tracefs()
    if place is None:
        raise AttachError(
            f"cannot attach to tracepoint {where}",
            errno=errno.ENOENT,
            call="perf_event_open",
            why="tracefs is not mounted, and only it tells the number of a tracepoint",
            fix="mount -t tracefs tracefs /sys/kernel/tracing",
        )
    try:
        number = int(Path(place, "events", *where.split("/", 1), "id").read_text())
        fd = open_tracepoint(number, where)
    except (FileNotFoundError, NotADirectoryError):
        raise AttachError(
            f"this kernel has no tracepoint {where!r}",
            errno=errno.ENOENT,
            call="perf_event_open",
            fix=f"{place}/available_events lists them, as GROUP:NAME",
        ) from None
    except OSError as error:  # of the file, or of the call
        raise attach_error(f"cannot attach to tracepoint {where}", error) from None
    return run_on(program, f"tracepoint {where}", fd)


def attach_cpu_clock(program: Program, frequency: int = _FREQUENCY) -> Link:
    """Run the program so many times a second on each CPU, on whatever is running there."""
    with ExitStack() as opened:
        try:
            fds = [opened.enter_context(open_cpu_clock(cpu, frequency)) for cpu in online_cpus()]
        except KernelError as error:
            raise attach_error("cannot sample", error) from None
        opened.pop_all()
    return run_on_each(program, f"cpu clock, {frequency} Hz", *fds)
