"""One program on many functions, through one link: of the kernel (5.18) or of a file (6.6).

A perf event for each of a thousand functions takes a thousand descriptors and some seconds. These
links take the functions as one list. A session (6.10, of files 6.13) runs the program twice a call,
at the entry and at the return.
"""

from __future__ import annotations

import errno
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from rawbpf.errors import KernelError, UnsupportedError, UsageError
from rawbpf.kernel.file_systems import available_filter_functions
from rawbpf.links.attach_error import attach_error
from rawbpf.links.link import Link
from rawbpf.links.user_functions import find_functions
from rawbpf.syscall import bpf_link
from rawbpf.uapi.bpf import bpf_attach_type

if TYPE_CHECKING:
    from rawbpf.programs.program import Program

__all__ = ["attach_functions", "attach_user_functions"]

_OF_KERNEL = {
    errno.EINVAL: "this kernel has no such links (5.18; sessions: 6.10)",
    errno.ESRCH: "one of them is no function that ftrace can hook",
    errno.EOPNOTSUPP: "this kernel was built without CONFIG_FPROBE, which such links need",
}
_OF_FILES = {
    errno.EINVAL: "this kernel has no such links (6.6; sessions: 6.13)",
    errno.EBADF: "that is no file",
    errno.ESRCH: "there is no such process",
}


def attach_functions(program: Program, pattern: str, *, retprobe: bool = False) -> Link:
    """Run the program at all functions of the kernel whose names fit: ``*`` and ``?`` are wild."""
    kind = program.spec.expected_attach_type or bpf_attach_type.BPF_TRACE_KPROBE_MULTI
    functions = _matching(pattern)
    where = f"{len(functions)} functions"
    try:
        fd = bpf_link.link_create_kprobe_multi(program.fileno(), functions, kind, retprobe=retprobe)
    except KernelError as error:
        raise attach_error(f"cannot attach to {where}", error, _OF_KERNEL) from None
    return Link(where, fd)


def attach_user_functions(
    program: Program, where: str, *, retprobe: bool = False, pid: int = 0
) -> Link:
    """Run the program at all functions that fit ``PATH:PATTERN``; ``pid``: only in that process."""
    kind = program.spec.expected_attach_type or bpf_attach_type.BPF_TRACE_UPROBE_MULTI
    path, offsets = find_functions(where)
    label = f"{len(offsets)} functions of {path}"
    try:
        fd = bpf_link.link_create_uprobe_multi(
            program.fileno(), str(path), offsets, kind, retprobe=retprobe, pid=pid
        )
    except KernelError as error:
        raise attach_error(f"cannot attach to {label}", error, _OF_FILES) from None
    return Link(label, fd)


def _matching(pattern: str) -> list[str]:
    """The functions that ftrace can hook and whose names fit."""
    functions = available_filter_functions()
    if functions is None:
        raise UnsupportedError(
            "cannot tell which functions fit",
            why="tracefs is not mounted, or not for us to read",
            fix="mount -t tracefs tracefs /sys/kernel/tracing, as root",
        )
    names = (line.split()[0].decode() for line in functions.splitlines() if line)
    found = sorted({name for name in names if fnmatchcase(name, pattern)})
    if not found:
        raise UsageError(f"no function fits {pattern!r}", fix="`rawbpf list PATTERN` shows which")
    return found
