"""Attach programs to perf events: kprobes, uprobes, tracepoints and the CPU clock.

perf_event_open(2) creates the probe. A second call connects the program with the probe:

    BPF_LINK_CREATE(program, event)          5.15 (b89fbfbb854c). The kernel knows the link by an
                                             ID: it can be listed, pinned, and queried
    ioctl(PERF_EVENT_IOC_SET_BPF, program)   4.1. The attachment ends when the event's descriptor is
    closed, and is not listed anywhere. PERF_EVENT_IOC_ENABLE follows, as in other tools, although
    the event was not opened disabled

Kernels without such links fail with EINVAL, so the link is tried first.

In both cases, the probe is removed when the process that created it ends, even after SIGKILL,
whereas a probe that is created by writing to tracefs would remain. PERF_EVENT_IOC_DISABLE would not
stop the program, because the kernel runs the program for every hit, regardless of the event's state
(kprobe_perf_func). Closing the event stops the program and returns only after its last run has
ended (perf_trace_event_unreg calls tracepoint_synchronize_unregister), so no record is written
after the close.

    kprobe       │ the kprobe PMU (4.17, e12f03d7031a): a function's name and an offset
    uprobe       │ the uprobe PMU (4.17, 33ea4b24277b): a file and an offset in it
    tracepoint   │ PERF_TYPE_TRACEPOINT: a number from tracefs
    profile      │ PERF_COUNT_SW_CPU_CLOCK on each CPU, or in one process
    interval     │ PERF_COUNT_SW_CPU_CLOCK on one CPU
"""

from __future__ import annotations

import errno
from contextlib import ExitStack

from rawbpf.errors import AttachError, KernelError, UnsupportedError, UsageError, did_you_mean
from rawbpf.kernel.hardware import pmu_format_bit, pmu_type
from rawbpf.light_typing import TYPE_CHECKING
from rawbpf.links.link import Link
from rawbpf.specs.program_spec import ProbeKind, ProbePoint
from rawbpf.syscall.bpf import link_create_perf_event
from rawbpf.syscall.perf_event import (
    open_cpu_clock,
    open_probe,
    open_tracepoint,
    open_uprobe,
    perf_ioctl,
)
from rawbpf.uapi.perf_event import perf_event_ioc

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.kernel.hardware import Root
    from rawbpf.programs.program import Program
    from rawbpf.specs.program_spec import ProbeSpec
    from rawbpf.syscall.fd import Fd

__all__ = ["attach_event", "check_function_name", "open_event"]


_KSYM_NAME_LEN, _KSYM_NAME_LEN_BEFORE_6_1 = 512, 128


def check_function_name(name: str, root: Root = "/") -> None:
    """Raise UsageError if a string is not a valid name of a kernel function.

    FUNCTION and MODULE:FUNCTION are valid. This function makes no system call.

    >>> check_function_name("do_sys_openat2")
    >>> try:
    ...     check_function_name("vfs_read()")
    ... except UsageError as error:
    ...     print(error)
    invalid function name 'vfs_read()': unexpected '('; did you mean vfs_read?
    """
    if not name:
        raise UsageError(
            "the function name is empty", fix="specify a function, such as do_sys_openat2"
        )
    limit = _KSYM_NAME_LEN
    if len(name) >= _KSYM_NAME_LEN_BEFORE_6_1:
        from rawbpf.kernel.version import kernel_version

        limit = limit if kernel_version(root=root) >= (6, 1) else _KSYM_NAME_LEN_BEFORE_6_1
    if len(name) >= limit:
        what = f"the function name {name[:20] + '...'!r} is too long ({len(name)} characters)"
        raise UsageError(what, why=f"this kernel's limit is {limit - 1}")
    module, colon, function = name.rpartition(":")
    valid = function.replace("$", "_").replace(".", "_").isidentifier()
    if colon:
        valid = valid and module.replace("_", "0").isalnum()
    if not valid or not name.isascii():
        raise _invalid_name(name)


def _invalid_name(name: str) -> UsageError:
    """Return an error that points to the first invalid character of a name."""
    import re  # imported only for this message

    what = f"invalid function name {name!r}"
    begin = re.match(r"(?:[A-Za-z0-9_]+:)?[A-Za-z_$.][A-Za-z0-9_$.]*", name)
    if begin is None:
        not_address = ", not an address" if name[0].isdigit() else ""
        return UsageError(what, fix=f"specify a name such as do_sys_openat2{not_address}")
    good, odd = begin[0], name[begin.end()]
    if odd in "*?[":
        why, fix = (
            "the name is a pattern",
            f"list the matching functions with `rawbpf list '{name}'`",
        )
    elif odd in "+-":
        why, fix = "this probe does not support offsets", f"probe the function's entry: {good}"
    else:
        why, fix = f"unexpected {odd!r}", f"did you mean {good}?"
    return UsageError(what, why=why, fix=fix)


def attach_event(program: Program, probe: ProbeSpec) -> Link:
    """Open the probe's perf event, and run the program whenever the event occurs."""
    if probe.kind is ProbeKind.PROFILE:
        return _profile(program, probe)
    event = open_event(probe)
    try:
        return _connect(program, probe, event)
    except BaseException:
        event.close()
        raise


def open_event(probe: ProbeSpec) -> Fd:
    """Open a probe's perf event without connecting a program.

    Raises UsageError if the target is invalid, AttachError with the cause if the call fails.
    """
    return _OPENERS[probe.kind](probe)


def _connect(program: Program, probe: ProbeSpec, event: Fd) -> Link:
    """Connect the program with a link, or with ioctl if the kernel does not support such links."""
    try:
        link = link_create_perf_event(program.fileno(), event.fileno(), probe.cookie)
    except KernelError as error:
        if error.errno != errno.EINVAL:
            raise _not_connected(program, probe, error) from None
        if probe.cookie:
            raise UnsupportedError("cookies for perf events need Linux 5.15") from None
        _set_program(program, probe, event)
        return Link(str(probe), event)
    return Link(str(probe), link, event)


def _set_program(program: Program, probe: ProbeSpec, event: Fd) -> None:
    try:
        perf_ioctl(event, perf_event_ioc.PERF_EVENT_IOC_SET_BPF, program.fileno())
        perf_ioctl(event, perf_event_ioc.PERF_EVENT_IOC_ENABLE)
    except KernelError as error:
        raise _not_connected(program, probe, error) from None


def _not_connected(program: Program, probe: ProbeSpec, error: KernelError) -> AttachError:
    """Return the error to raise if a program could not be connected with an open event."""
    from rawbpf.links.context_size import explain_size

    explained = explain_size(program.spec, probe, error.errno or 0)
    return explained or _attach_error(f"cannot attach to {probe}", error)


def _open_kprobe(probe: ProbeSpec) -> Fd:
    """Open a kprobe. The call fails with EILSEQ if no instruction starts at the offset."""
    function, retprobe = probe.target, probe.point is ProbePoint.RETURN
    check_function_name(function)
    config = 1 << pmu_format_bit("kprobe", "retprobe") if retprobe else 0
    try:
        return open_probe(pmu_type("kprobe"), function, config=config, offset=probe.offset)
    except KernelError as error:
        from rawbpf.links.diagnose import explain_kprobe_failure

        raise explain_kprobe_failure(
            function, error.errno or 0, retprobe=retprobe, offset=probe.offset
        ) from None


def _open_ksyscall(probe: ProbeSpec) -> Fd:
    """Open a kprobe on the function of a system call, which has a prefix if it is a wrapper (4.17).

    Symbols are read only after a failure, because reading them for each of many probes would take
    too long.
    """
    from rawbpf.arch import native

    wrapper = native().syscall_function(probe.target)
    try:
        return _open_kprobe(probe._replace(target=wrapper))
    except AttachError:
        from rawbpf.kernel.kallsyms import find_symbols

        if find_symbols(wrapper):
            raise
        return _open_kprobe(probe._replace(target=f"__se_sys_{probe.target}"))


def _open_uprobe(probe: ProbeSpec) -> Fd:
    """Open a uprobe. A name without a slash is looked up in PATH and among the libraries."""
    from rawbpf.links.user_functions import find_function

    path, offset = find_function(probe.target)
    retprobe = probe.point is ProbePoint.RETURN
    config = 1 << pmu_format_bit("uprobe", "retprobe") if retprobe else 0
    pid = -1 if probe.pid is None else probe.pid
    try:
        return open_uprobe(
            pmu_type("uprobe"), str(path), offset=offset + probe.offset, config=config, pid=pid
        )
    except KernelError as error:
        raise _attach_error(f"cannot attach to {probe}", error) from None


def _open_tracepoint(probe: ProbeSpec) -> Fd:
    """Open a tracepoint by its number, which only tracefs provides."""
    from pathlib import Path  # importing this module takes 3 ms and is not needed for a kprobe

    from rawbpf.kernel.file_systems import tracefs

    place, name = tracefs(), probe.target
    if place is None:
        raise AttachError(
            f"cannot attach to tracepoint {name}",
            errno=errno.ENOENT,
            call="perf_event_open",
            why="tracefs, which lists tracepoint numbers, is not mounted",
            fix="mount -t tracefs tracefs /sys/kernel/tracing",
        )
    try:
        number = int(Path(place, "events", *name.split("/", 1), "id").read_text())
        return open_tracepoint(number, name)
    except (FileNotFoundError, NotADirectoryError):
        raise AttachError(
            f"cannot attach to tracepoint {name}",
            errno=errno.ENOENT,
            call="perf_event_open",
            why="no such tracepoint",
            fix=_near_tracepoints(place, name),
        ) from None
    except OSError as error:  # either reading the file or the system call raises this error
        raise _attach_error(f"cannot attach to tracepoint {name}", error) from None


def _near_tracepoints(place: str, name: str) -> str:
    """Return a fix that suggests tracepoints with similar names."""
    from rawbpf.kernel.hardware import read_text

    lines = (read_text("/", f"{place}/available_events") or "").split()
    known = [line.replace(":", "/", 1) for line in lines]
    wanted = name.replace(":", "/", 1)
    same = [one for one in known if one == wanted or one.endswith(f"/{wanted}")]
    near = f"did you mean {' or '.join(same[:2])}?" if same else did_you_mean(wanted, known)
    return near or f"write GROUP/NAME; {place}/available_events lists all tracepoints"


def _open_interval(probe: ProbeSpec) -> Fd:
    from rawbpf.kernel.hardware import online_cpus

    try:
        return open_cpu_clock(online_cpus()[0], probe.period_ns)
    except KernelError as error:
        raise _attach_error(f"cannot attach to {probe}", error) from None


def _profile(program: Program, probe: ProbeSpec) -> Link:
    """Run the program periodically on each CPU, or while one process is running.

    The events are connected with ioctl, because a link, or a pin of the link, would cover only one
    CPU.
    """
    from rawbpf.kernel.hardware import online_cpus

    with ExitStack() as opened:
        try:
            if probe.pid is not None:
                fds = [opened.enter_context(open_cpu_clock(-1, probe.period_ns, probe.pid))]
            else:
                fds = [
                    opened.enter_context(open_cpu_clock(cpu, probe.period_ns))
                    for cpu in online_cpus()
                ]
        except KernelError as error:
            raise _attach_error(f"cannot attach to {probe}", error) from None
        for fd in fds:
            _set_program(program, probe, fd)
        opened.pop_all()
    return Link(str(probe), *fds)


_OPENERS: dict[ProbeKind, Callable[[ProbeSpec], Fd]] = {
    ProbeKind.KPROBE: _open_kprobe,
    ProbeKind.KSYSCALL: _open_ksyscall,
    ProbeKind.UPROBE: _open_uprobe,
    ProbeKind.TRACEPOINT: _open_tracepoint,
    ProbeKind.INTERVAL: _open_interval,
}


def _attach_error(what: str, error: OSError) -> AttachError:
    """Return the error to raise for a failed attachment.

    Attaching rarely fails, so diagnosis is imported only here.
    """
    from rawbpf.links.diagnose import attach_error

    return attach_error(what, error)
