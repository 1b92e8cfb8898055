"""The BPF file system: where programs, maps and links get names, and with them a life of their own.

It is a file system like tmpfs, usually at /sys/fs/bpf. Who has rights to its folders is a matter of
file modes. A name must not have a dot in it (bpf_lookup refuses with EPERM: "reserved").

A path is on it when its device is that of such a mount: /proc/self/mountinfo has one line a mount,

    34 22 0:30 / /sys/fs/bpf rw,nosuid - bpf bpf rw,mode=700
          dev    place                   type
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rawbpf.kernel.files import Root, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DEFAULT_PLACE", "bpffs_mounts", "is_on_bpffs"]

DEFAULT_PLACE = "/sys/fs/bpf"
"""Where systemd, and whoever mounts it by hand, puts it."""


def bpffs_mounts(root: Root = "/") -> dict[str, str]:
    """Where it is mounted: device -> place.

    >>> bpffs_mounts("/nonexistent")
    {}
    """
    return {device: place for device, place, kind in _mounts(root) if kind == "bpf"}


def is_on_bpffs(path: str) -> bool:
    """Whether a file or folder is on such a file system. OSError: it cannot be looked at."""
    device = os.stat(path).st_dev  # noqa: PTH116 -- see files.at
    return f"{os.major(device)}:{os.minor(device)}" in bpffs_mounts()


def _mounts(root: Root) -> Iterator[tuple[str, str, str]]:
    for line in (read_text(root, "/proc/self/mountinfo") or "").splitlines():
        before, dash, after = line.partition(" - ")
        words = before.split()
        if dash and len(words) > 4:
            yield words[2], words[4], after.split()[0]
