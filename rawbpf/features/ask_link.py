"""Ways to attach, asked without attaching: each link is given a target that cannot be.

A kernel that knows the way gets as far as the target, and complains of that: EBADF for a file
descriptor that is none, ESRCH for a function that no kernel has. One that does not says EINVAL.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.errors import KernelError, errno_name
from rawbpf.features.answer import UNKNOWN_TO_KERNEL, Answer, Outcome, attempt
from rawbpf.features.ask_program import load_trivial
from rawbpf.syscall.bpf import link_create_perf_event
from rawbpf.syscall.bpf_link import link_create_kprobe_multi, link_create_uprobe_multi
from rawbpf.uapi.bpf import bpf_attach_type, bpf_prog_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.syscall.fd import Fd

__all__ = ["kprobe_multi", "perf_event_link", "uprobe_multi"]

_NO_FD = 0xFFFFFFFF
_NO_FUNCTION = "rawbpf_no_such_function"
_NO_FILE = "/"


def _ask(what: str, attach: bpf_attach_type, link: Callable[[int], Fd], yes: set[int]) -> Answer:
    """Try ``link`` with a trivial kprobe program."""
    try:
        program = load_trivial(bpf_prog_type.BPF_PROG_TYPE_KPROBE, attach)
    except KernelError as error:
        number = error.errno or 0
        outcome = Outcome.NO if number in UNKNOWN_TO_KERNEL else Outcome.UNSURE
        return Answer(outcome, f"load a program to link: {errno_name(number)}")
    with program:
        return attempt(what, lambda: link(program.fileno()), yes=yes)


def perf_event_link() -> Answer:
    """A bpf_link on a perf event."""
    attach = bpf_attach_type.BPF_PERF_EVENT
    return _ask(
        "link to a perf event that is none",
        attach,
        lambda fd: link_create_perf_event(fd, _NO_FD),
        {errno.EBADF},
    )


def kprobe_multi(attach: bpf_attach_type) -> Answer:
    """One link on many functions: BPF_TRACE_KPROBE_MULTI or BPF_TRACE_KPROBE_SESSION.

    EOPNOTSUPP comes from a kernel that is new enough, and built without CONFIG_FPROBE.
    """
    return _ask(
        "link to a function that is none",
        attach,
        lambda fd: link_create_kprobe_multi(fd, [_NO_FUNCTION], attach),
        {errno.ESRCH, errno.ENOENT},
    )


def uprobe_multi(attach: bpf_attach_type) -> Answer:
    """One link on many places in a file: BPF_TRACE_UPROBE_MULTI or BPF_TRACE_UPROBE_SESSION."""
    return _ask(
        "link to a file that is a folder",
        attach,
        lambda fd: link_create_uprobe_multi(fd, _NO_FILE, [0], attach),
        {errno.EBADF},
    )
