"""The sysctls that decide who may trace.

- ``kernel.kptr_restrict``: 0 shows kernel addresses to whoever may profile the kernel; 1 to holders
  of CAP_SYSLOG; 2 to nobody.
- ``kernel.perf_event_paranoid``: -1 anything goes without capabilities; 0, 1, 2 ever less. Debian
  knows a 3 and Ubuntu a 4 that leave nothing. Holders of CAP_PERFMON never notice.
- ``kernel.unprivileged_bpf_disabled`` (4.4): 0 bpf(2) is for everybody; 1 it is not, until reboot;
  2 it is not, but may become so again (5.13). CAP_BPF overrides either.
- ``net.core.bpf_jit_enable``: 0 the kernel interprets programs; 1 compiles; 2 also prints the code
  to its log, for debugging. Only root may read it.

Source: Documentation/admin-guide/sysctl/kernel.rst and net.rst.
"""

from __future__ import annotations

from rawbpf.errors import FormatError
from rawbpf.kernel.files import Root, read_text

__all__ = ["bpf_jit_enable", "kptr_restrict", "perf_event_paranoid", "unprivileged_bpf_disabled"]


def kptr_restrict(root: Root = "/") -> int | None:
    """Who sees kernel addresses; None if absent."""
    return _sysctl("kernel/kptr_restrict", root)


def perf_event_paranoid(root: Root = "/") -> int | None:
    """What perf_event_open(2) allows without CAP_PERFMON; None if the kernel has no perf."""
    return _sysctl("kernel/perf_event_paranoid", root)


def unprivileged_bpf_disabled(root: Root = "/") -> int | None:
    """Whether bpf(2) asks for CAP_BPF; None if the kernel has no bpf(2)."""
    return _sysctl("kernel/unprivileged_bpf_disabled", root)


def bpf_jit_enable(root: Root = "/") -> int | None:
    """Whether programs are compiled; None if absent, or if only root may know."""
    return _sysctl("net/core/bpf_jit_enable", root)


def _sysctl(name: str, root: Root) -> int | None:
    text = read_text(root, f"/proc/sys/{name}")
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise FormatError(f"sysctl {name} is {text[:80]!r}", why="it should be a number") from None
