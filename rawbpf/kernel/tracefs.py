"""tracefs: where ftrace speaks with us, and which functions it can reach.

Mounted on /sys/kernel/tracing; also on /sys/kernel/debug/tracing as soon as anybody looks into a
mounted debugfs. rawbpf attaches through the kprobe PMU and needs neither, but two lists live there:

- ``available_filter_functions``: the functions that ftrace can hook, one a line, those of a module
  with its name in brackets. Unless the kernel is built with CONFIG_KPROBE_EVENTS_ON_NOTRACE, a
  kprobe event on any other function is refused with EINVAL (within_notrace_func() in
  kernel/trace/trace_kprobe.c, which forgives ``f.isra.0`` if it can hook ``f``).
- debugfs ``kprobes/blacklist``: functions that must never be probed, since the probe's own handling
  runs through them: ``0xffffffff81a0-0xffffffff81b0<TAB>name``.

Both are root's to read.
"""

from __future__ import annotations

import re

from rawbpf.kernel.files import Root, read_bytes, read_text

__all__ = ["available_filter_functions", "blacklist", "mounted", "tracefs"]

_USUAL = {"tracefs": "/sys/kernel/tracing", "debugfs": "/sys/kernel/debug"}


def mounted(kind: str, root: Root = "/") -> str | None:
    """Where a file system of this kind is mounted: the usual place first; None if nowhere."""
    rows = (line.split(" ") for line in (read_text(root, "/proc/self/mounts") or "").splitlines())
    places = [_unescape(row[1]) for row in rows if len(row) > 2 and row[2] == kind]
    usual = _USUAL.get(kind, "")
    return usual if usual in places else next(iter(places), None)


def _unescape(field: str) -> str:
    r"""Undo the octal that /proc/mounts writes for white space and backslashes.

    >>> _unescape(r"/mnt/my\040traces")
    '/mnt/my traces'
    """
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), field)


def tracefs(root: Root = "/") -> str | None:
    """Where tracefs is mounted, or None."""
    return mounted("tracefs", root)


def available_filter_functions(root: Root = "/") -> bytes | None:
    """The raw list of functions that ftrace can hook; None if it is not there or not for us."""
    place = tracefs(root)
    return None if place is None else read_bytes(root, f"{place}/available_filter_functions")


def blacklist(root: Root = "/") -> bytes | None:
    """The raw list of functions that may not be probed; None if not there or not for us."""
    place = mounted("debugfs", root)
    return None if place is None else read_bytes(root, f"{place}/kprobes/blacklist")
