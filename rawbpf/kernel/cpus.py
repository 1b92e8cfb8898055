"""The CPUs: which can ever be, and which are now.

sysfs writes a set of CPUs as a list with holes, ``0-3,8``. *Possible* CPUs have ids for good: a
per-CPU map holds a value for each of them, in this order. *Online* ones run now: only they can have
a perf event (ENODEV otherwise). An id may be larger than the count, so neither
``os.cpu_count()`` nor ``range`` of it will do.
"""

from __future__ import annotations

import re

from rawbpf.errors import FormatError, UnsupportedError
from rawbpf.kernel.files import Root, read_text

__all__ = ["online_cpus", "parse_cpu_list", "possible_cpus"]

_RANGE = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_MOST = 1 << 16
"""More than any kernel is built for (NR_CPUS is at most 8192): a damaged list, no machine."""


def parse_cpu_list(text: str) -> list[int]:
    """The ids in a list of CPUs, in its order. FormatError for what is no such list.

    >>> parse_cpu_list("0-3,8")
    [0, 1, 2, 3, 8]
    """
    cpus: list[int] = []
    for part in text.strip().split(",") if text.strip() else ():
        found = _RANGE.fullmatch(part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if not first <= last < _MOST:
            raise FormatError(
                f"{text.strip()[:80]!r} is no list of CPUs", fix="one looks like 0-3,8"
            )
        cpus.extend(range(first, last + 1))
    return cpus


def possible_cpus(root: Root = "/") -> list[int]:
    """Ids that a CPU of this machine can ever have: the order of a per-CPU map's values.

    >>> possible_cpus()[0]
    0
    """
    return _cpus("possible", root)


def online_cpus(root: Root = "/") -> list[int]:
    """Ids of the CPUs that run now: those that can have a perf event."""
    return _cpus("online", root)


def _cpus(which: str, root: Root) -> list[int]:
    text = read_text(root, f"/sys/devices/system/cpu/{which}")
    if text is None:
        raise UnsupportedError(
            f"cannot tell which CPUs are {which}",
            why="/sys/devices/system/cpu is not there",
            fix="mount sysfs: mount -t sysfs sysfs /sys",
        )
    return parse_cpu_list(text)
