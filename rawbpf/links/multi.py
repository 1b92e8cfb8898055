"""Attach one program to many kernel functions (5.18) or user functions (6.6) with one link.

Separate perf events would need one descriptor per function, and would take seconds to open for a
thousand functions. A multi link takes a list of all functions. In a session (6.10, or 6.13 for user
functions), the program runs at both the entry and the return of each call.
"""

from __future__ import annotations

import errno
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from rawbpf.errors import KernelError, UnsupportedError, UsageError
from rawbpf.kernel.file_systems import available_filter_functions
from rawbpf.links.diagnose import attach_error
from rawbpf.links.link import Link
from rawbpf.links.user_functions import find_functions
from rawbpf.specs.program_spec import ProbeKind, ProbePoint
from rawbpf.syscall import bpf_link
from rawbpf.uapi.bpf import bpf_attach_type

if TYPE_CHECKING:
    from rawbpf.programs.program import Program
    from rawbpf.specs.program_spec import ProbeSpec

__all__ = ["attach_multi"]

_OF_KERNEL = {
    errno.EINVAL: (
        "this kernel does not support such links (kprobe.multi needs 5.18, kprobe.session 6.10)"
    ),
    errno.ESRCH: "ftrace cannot hook one of these functions",
    errno.EOPNOTSUPP: "this kernel was built without CONFIG_FPROBE, which multi-kprobe links need",
}
_OF_FILES = {
    errno.EINVAL: (
        "this kernel does not support such links (uprobe.multi needs 6.6, uprobe.session 6.13)"
    ),
    errno.EBADF: "not a regular file",
    errno.ESRCH: "no such process",
}


def attach_multi(program: Program, probe: ProbeSpec) -> Link:
    """Run the program in all functions that match the probe's pattern (``*`` and ``?``)."""
    if probe.kind is ProbeKind.KPROBE_MULTI:
        return _kernel_functions(program, probe)
    return _file_functions(program, probe)


def _kernel_functions(program: Program, probe: ProbeSpec) -> Link:
    attach_type = program.spec.expected_attach_type or bpf_attach_type.BPF_TRACE_KPROBE_MULTI
    functions = _matching(probe.target)
    where = f"{len(functions)} functions"
    try:
        fd = bpf_link.link_create_kprobe_multi(
            program.fileno(),
            functions,
            attach_type,
            retprobe=probe.point is ProbePoint.RETURN,
            cookie=probe.cookie,
        )
    except KernelError as error:
        raise attach_error(f"cannot attach to {where}", error, _OF_KERNEL) from None
    return Link(where, fd)


def _file_functions(program: Program, probe: ProbeSpec) -> Link:
    attach_type = program.spec.expected_attach_type or bpf_attach_type.BPF_TRACE_UPROBE_MULTI
    path, offsets = find_functions(probe.target)
    where = f"{len(offsets)} functions of {path}"
    try:
        fd = bpf_link.link_create_uprobe_multi(
            program.fileno(),
            str(path),
            offsets,
            attach_type,
            retprobe=probe.point is ProbePoint.RETURN,
            pid=probe.pid or 0,
            cookie=probe.cookie,
        )
    except KernelError as error:
        raise attach_error(f"cannot attach to {where}", error, _OF_FILES) from None
    return Link(where, fd)


def _matching(pattern: str) -> list[str]:
    """Return the functions that match a pattern and that ftrace can hook."""
    functions = available_filter_functions()
    if functions is None:
        raise UnsupportedError(
            f"cannot find the functions that match {pattern!r}",
            why="cannot read available_filter_functions in tracefs",
            fix="mount -t tracefs tracefs /sys/kernel/tracing, as root",
        )
    names = (line.split()[0].decode() for line in functions.splitlines() if line)
    found = sorted({name for name in names if fnmatchcase(name, pattern)})
    if not found:
        what = f"no function matches {pattern!r}"
        raise UsageError(what, fix="list functions with `rawbpf list PATTERN`")
    return found
