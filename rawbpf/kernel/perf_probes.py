"""Find the kprobes, uprobes and tracepoints that processes hold as perf events.

A program that is attached to a perf event by ioctl has no link, so the kernel does not list the
attachment. Before 6.6 (1b715e1b0ec5), the links of perf events do not show their targets either.
BPF_TASK_FD_QUERY (4.18, 41bdc4b40ed6) returns the program and the probe behind a descriptor of any
process. /proc shows which descriptors are perf events:

    /proc/812/fd/7  -> anon_inode:[perf_event]

The command does not support events other than probes, such as the CPU clock.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from rawbpf.kernel.hardware import Root, at, read_text
from rawbpf.kernel.objects import Holder, listing, processes
from rawbpf.syscall.bpf_link import task_fd_query

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PerfProbe", "perf_probes"]

_PERF_EVENT = "anon_inode:[perf_event]"
_RETURN = (3, 5)  # BPF_FD_TYPE_KRETPROBE, BPF_FD_TYPE_URETPROBE
_EVENTS = {1: "tracepoint", 2: "kprobe", 3: "kprobe", 4: "uprobe", 5: "uprobe"}
"""enum bpf_task_fd_type, in the words that links use."""


class PerfProbe(NamedTuple):
    """A probe, the program attached to it, and the process and descriptor that hold it."""

    prog_id: int
    event: str
    name: str
    retprobe: bool
    offset: int
    holder: Holder
    fd: int

    def __str__(self) -> str:
        """Return the probe in a few words.

        >>> str(PerfProbe(9, "kprobe", "vfs_read", True, 0, Holder(812, "bash"), 7))
        'kretprobe vfs_read'
        """
        kind = self.event.replace("probe", "retprobe") if self.retprobe else self.event
        return f"{kind} {self.name}" + (f"+{self.offset:#x}" if self.offset else "")

    @property
    def part(self) -> dict[str, Any]:
        """Return the fields that a link to this probe has (``LinkInfo.part``)."""
        if self.event == "tracepoint":
            return {"event": self.event, "tp_name": self.name}
        name = "func_name" if self.event == "kprobe" else "file_name"
        return {
            "event": self.event,
            "retprobe": self.retprobe,
            name: self.name,
            "offset": self.offset,
        }


def perf_probes(root: Root = "/") -> Iterator[PerfProbe]:
    """Yield every probe that a process holds as a perf event with a program.

    A descriptor that is closed meanwhile, or that the kernel does not describe, is omitted.

    >>> list(perf_probes("/nonexistent"))
    []
    """
    for pid in processes(root):
        folder = at(root, f"/proc/{pid}/fd")
        for name in listing(folder):
            try:
                if os.readlink(os.path.join(folder, name)) != _PERF_EVENT:  # noqa: PTH115, PTH118
                    continue
                found, text = task_fd_query(pid, int(name))
            except OSError:  # including KernelError
                continue
            if found.fd_type in _EVENTS:
                yield PerfProbe(
                    found.prog_id,
                    _EVENTS[found.fd_type],
                    text or hex(found.probe_addr),
                    found.fd_type in _RETURN,
                    found.probe_offset,
                    Holder(pid, read_text(root, f"/proc/{pid}/comm") or "?"),
                    int(name),
                )
