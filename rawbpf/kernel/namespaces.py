"""Find out in which PID and time namespaces this process is.

A process in a PID namespace has an ID in that namespace and another ID in each namespace above it.
BPF programs and perf records use the IDs of the *initial* namespace, whatever namespace the traced
task or the tracer is in. ``rawbpf.tracing.process_ids`` translates.

/proc/self/ns has one symbolic link for each kind of namespace, ``pid:[4026531836]``. The number is
an inode, and the initial namespaces have fixed inodes (enum in include/linux/proc_ns.h, 3.8).
Namespaces created later get numbers from 0xF0000000 on.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rawbpf.kernel.hardware import at

if TYPE_CHECKING:
    from rawbpf.kernel.hardware import Root

__all__ = ["in_initial_pid_namespace"]

_PROC_PID_INIT_INO = 0xEFFFFFFC


def in_initial_pid_namespace(root: Root = "/") -> bool:
    """Return whether this process's own ID is the ID that BPF programs see.

    /proc/self is missing if /proc belongs to a PID namespace in which this process has no ID.

    >>> in_initial_pid_namespace("/nonexistent")
    False
    """
    link = _namespace("pid", root)
    if link is None:  # a kernel without PID namespaces has no such link, but it has /proc/self
        return os.path.exists(at(root, "/proc/self/ns"))  # noqa: PTH110 -- see files.at
    return link == _PROC_PID_INIT_INO


def _namespace(kind: str, root: Root) -> int | None:
    """Return the inode of one of this process's namespaces, or None if the kernel shows none."""
    try:
        link = os.readlink(at(root, f"/proc/self/ns/{kind}"))  # noqa: PTH115 -- see files.at
    except FileNotFoundError:
        return None
    return int(link.removeprefix(f"{kind}:[").removesuffix("]"))
