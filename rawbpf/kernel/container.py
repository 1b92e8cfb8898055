"""Whether this is a container, and whose.

A container shares the host's kernel, and its "root" is mostly root without the powers that tracing
needs. No system call tells; the engines leave marks: podman and docker a file, systemd and LXC
a variable in the environment of process 1 or a note in /run.

Source: systemd's "Container Interface" page.
"""

from __future__ import annotations

import re

from rawbpf.kernel.files import Root, read_bytes, read_text

__all__ = ["container"]


def container(root: Root = "/") -> str | None:
    """The engine's name (``docker``, ``podman``, ``lxc`` ...), or None: no mark of one.

    >>> container("/nonexistent") is None
    True
    """
    if note := read_text(root, "/run/systemd/container"):
        return note
    if read_bytes(root, "/run/.containerenv") is not None:
        return "podman"
    if read_bytes(root, "/.dockerenv") is not None:
        return "docker"
    environment = read_bytes(root, "/proc/1/environ") or b""
    found = re.search(rb"(?:^|\0)container=([\w-]+)", environment)
    return found[1].decode() if found else None
