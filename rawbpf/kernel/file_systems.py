"""Find the mount points of tracefs, debugfs and the BPF file system, and read two lists.

tracefs is mounted at /sys/kernel/tracing, and at /sys/kernel/debug/tracing as soon as a process
opens that folder of a mounted debugfs. rawbpf attaches through the kprobe PMU, which needs neither.
rawbpf reads two lists in these file systems, which only root may read:

- ``available_filter_functions`` in tracefs: functions that ftrace can trace, one per line, followed
  by the module in brackets. A kprobe event on any other function fails with EINVAL
  (within_notrace_func() in kernel/trace/trace_kprobe.c, which accepts ``f.isra.0`` if ``f`` is
  listed).
- ``kprobes/blacklist`` in debugfs: functions that must not be probed, because the handling of a
  kprobe calls them, as ``0xffffffff81a0-0xffffffff81b0<TAB>name``.

The BPF file system, usually mounted at /sys/fs/bpf, gives names to programs, maps and links, which
keep them alive. The BPF file system behaves like tmpfs: file modes determine who may use a folder.
Names must not contain a dot (bpf_lookup() fails with EPERM: "reserved"). A path is on a BPF file
system if the path's device is the device of a BPF mount in /proc/self/mountinfo:

    34 22 0:30 / /sys/fs/bpf rw,nosuid - bpf bpf rw,mode=700
          dev    mount point             type
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from rawbpf.kernel.hardware import Root, read_bytes, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "DEFAULT_PLACE",
    "available_filter_functions",
    "blacklist",
    "bpffs_mounts",
    "is_on_bpffs",
    "mounted",
    "tracefs",
]

_USUAL = {"tracefs": "/sys/kernel/tracing", "debugfs": "/sys/kernel/debug"}


def mounted(kind: str, root: Root = "/") -> str | None:
    """Return a mount point of a file system type, preferably the usual one, or None."""
    rows = (line.split(" ") for line in (read_text(root, "/proc/self/mounts") or "").splitlines())
    places = [_unescape(row[1]) for row in rows if len(row) > 2 and row[2] == kind]
    usual = _USUAL.get(kind, "")
    return usual if usual in places else next(iter(places), None)


def _unescape(field: str) -> str:
    r"""Decode the octal escapes that /proc/mounts uses for white space and backslashes.

    >>> _unescape(r"/mnt/my\040traces")
    '/mnt/my traces'
    """
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), field)


def tracefs(root: Root = "/") -> str | None:
    """Return the mount point of tracefs, or None if tracefs is not mounted."""
    return mounted("tracefs", root)


def available_filter_functions(root: Root = "/") -> bytes | None:
    """Return the list of functions that ftrace can trace, or None if it cannot be read."""
    place = tracefs(root)
    return None if place is None else read_bytes(root, f"{place}/available_filter_functions")


def blacklist(root: Root = "/") -> bytes | None:
    """Return the list of functions that must not be probed, or None if it cannot be read."""
    place = mounted("debugfs", root)
    return None if place is None else read_bytes(root, f"{place}/kprobes/blacklist")


DEFAULT_PLACE = "/sys/fs/bpf"
"""The usual mount point, which systemd uses."""


def bpffs_mounts(root: Root = "/") -> dict[str, str]:
    """Return the mounts of the BPF file system as a mapping from device to mount point.

    >>> bpffs_mounts("/nonexistent")
    {}
    """
    return {device: place for device, place, kind in _mounts(root) if kind == "bpf"}


def is_on_bpffs(path: str) -> bool:
    """Return whether a path is on a BPF file system.

    Raises OSError if the path cannot be examined.
    """
    device = os.stat(path).st_dev  # noqa: PTH116 -- see files.at
    return f"{os.major(device)}:{os.minor(device)}" in bpffs_mounts()


def _mounts(root: Root) -> Iterator[tuple[str, str, str]]:
    for line in (read_text(root, "/proc/self/mountinfo") or "").splitlines():
        before, dash, after = line.partition(" - ")
        words = before.split()
        if dash and len(words) > 4:
            yield words[2], words[4], after.split()[0]
