"""A program on one perf event: by a link where the kernel has those (5.15), else by an ioctl.

    BPF_LINK_CREATE(program, event)          the kernel knows the link by an id: it can be listed,
                                             pinned, and asked how often it missed (6.7)
    ioctl(PERF_EVENT_IOC_SET_BPF, program)   4.1; ends with the event's descriptor, and is nowhere
                                             to be seen

A kernel without such links answers EINVAL, so the first is tried, and then the other.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.errors import KernelError
from rawbpf.links.attach_error import attach_error
from rawbpf.links.link import Link
from rawbpf.syscall.bpf import link_create_perf_event
from rawbpf.syscall.perf_event import perf_ioctl
from rawbpf.uapi.bpf import bpf_attach_type
from rawbpf.uapi.perf_event import perf_event_ioc

if TYPE_CHECKING:
    from rawbpf.programs.program import Program
    from rawbpf.syscall.fd import Fd

__all__ = ["run_on", "run_on_each"]


def run_on(program: Program, where: str, event: Fd) -> Link:
    """Run the program at each occurrence of the event, which is the link's from now on."""
    try:
        link = link_create_perf_event(
            program.fileno(), event.fileno(), bpf_attach_type.BPF_PERF_EVENT
        )
    except KernelError as error:
        if error.errno == errno.EINVAL:
            return run_on_each(program, where, event)
        event.close()
        raise attach_error(f"cannot attach to {where}", error) from None
    except BaseException:
        event.close()
        raise
    return _enable(Link(where, link, event), event, where)


def _enable(link: Link, event: Fd, where: str) -> Link:
    try:
        perf_ioctl(event, perf_event_ioc.PERF_EVENT_IOC_ENABLE)
    except KernelError as error:
        link.close()
        raise attach_error(f"cannot attach to {where}", error) from None
    return link


def run_on_each(program: Program, where: str, *events: Fd) -> Link:
    """The same for several events, by ioctl."""
    link = Link(where, *events)
    try:
        for event in events:
            perf_ioctl(event, perf_event_ioc.PERF_EVENT_IOC_SET_BPF, program.fileno())
            perf_ioctl(event, perf_event_ioc.PERF_EVENT_IOC_ENABLE)
    except KernelError as error:
        link.close()
        raise attach_error(f"cannot attach to {where}", error) from None
    except BaseException:
        link.close()
        raise
    return link
