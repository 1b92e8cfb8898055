"""seccomp: a filter that answers system calls before the kernel sees them.

Container engines install one that answers bpf(2) and perf_event_open(2) with EPERM unless the
container was given the capabilities. The kernel itself was never asked, so nothing else explains
that errno. /proc/self/status shows ``Seccomp: 2`` while a filter is in force (it does not show what
the filter does).
"""

from __future__ import annotations

import re

from rawbpf.kernel.files import Root, read_text

__all__ = ["filtered_by_seccomp"]

_SECCOMP_MODE_FILTER = "2"


def filtered_by_seccomp(root: Root = "/") -> bool:
    """Whether a seccomp filter stands between this process and the kernel."""
    status = read_text(root, "/proc/self/status") or ""
    found = re.search(r"^Seccomp:\s*(\d)$", status, re.MULTILINE)
    return found is not None and found[1] == _SECCOMP_MODE_FILTER
