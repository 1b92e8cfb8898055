"""Programs that the kernel calls directly: raw tracepoints, trampolines, LSM hooks, iterators.

BPF_RAW_TRACEPOINT_OPEN (4.17) was made for the first. For programs that were verified for one
function or hook (5.5) it takes no name, as the program knows. What it returns is a link, and
closing that detaches. An iterator runs when somebody reads: BPF_ITER_CREATE (5.8) makes what to
read.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.errors import ENOTSUPP, KernelError
from rawbpf.links.attach_error import attach_error
from rawbpf.links.link import Link
from rawbpf.syscall import bpf_link

if TYPE_CHECKING:
    from rawbpf.programs.program import Program

__all__ = ["attach_iterator", "attach_raw_tracepoint", "attach_trampoline"]


def attach_raw_tracepoint(program: Program, name: str) -> Link:
    """Run the program at a tracepoint, with its arguments as the kernel has them (4.17)."""
    try:
        fd = bpf_link.raw_tracepoint_open(program.fileno(), name)
    except KernelError as error:
        raise attach_error(f"cannot attach to raw tracepoint {name!r}", error, _CAUSES) from None
    return Link(f"raw tracepoint {name}", fd)


def attach_trampoline(program: Program, where: str) -> Link:
    """Run the program where it was verified for: a function's entry or return, or an LSM hook."""
    try:
        fd = bpf_link.raw_tracepoint_open(program.fileno(), None)
    except KernelError as error:
        from rawbpf.links.diagnose_trampoline import why_no_trampoline

        number = error.errno or 0
        found = why_no_trampoline(program.spec, number) or _CAUSES.get(number, "")
        raise attach_error(f"cannot attach to {where}", error, {number: found}) from None
    return Link(where, fd)


def attach_iterator(program: Program, kind: str) -> Link:
    """Prepare an iterator (5.8). ``readers.iterator`` runs it."""
    try:
        fd = bpf_link.link_create(program.fileno(), 0, bpf_link.ITER, f"iter {kind}")
    except KernelError as error:
        raise attach_error(f"cannot attach iterator {kind}", error, _CAUSES) from None
    return Link(f"iter {kind}", fd)


_CAUSES = {
    errno.ENOENT: "this kernel has none of that name",
    errno.EBUSY: "another program is there already",
    errno.EINVAL: "this kernel cannot attach programs there, or not this one",
    errno.EOPNOTSUPP: "this kernel was built without it",
    ENOTSUPP: "this kernel cannot attach programs there",
}
