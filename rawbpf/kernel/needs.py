"""Capabilities that commands need, and capabilities that tracing still needs after attaching.

This table is the only source for error messages, `rawbpf doctor`, docs/security.md, and the code
that drops capabilities after attaching.

The capabilities that are needed later depend on the kernel:

- Before 5.19, every bpf(2) command requires CAP_BPF while kernel.unprivileged_bpf_disabled is not
  0, even on a descriptor that the process holds: reading counters, querying a link. From 5.19
  (c8644cd0efe7), only commands that create something do.
- perf_event_open(2) for all processes requires CAP_PERFMON (perf_allow_cpu), and mapping rings
  larger than kernel.perf_event_mlock_kb requires CAP_IPC_LOCK (perf_mmap), so readers that open
  rings while tracing need both. Debian and Ubuntu require CAP_SYS_ADMIN for every perf event while
  kernel.perf_event_paranoid is above 2.
- Detaching closes descriptors, reading a ring reads memory, and a perf event that is open may be
  stored in a map: these need no capability.

CAP_SYS_ADMIN includes CAP_BPF and CAP_PERFMON, and replaces either of them if it is missing.
"""

from __future__ import annotations

import os

from rawbpf.kernel.hardware import sysctl
from rawbpf.kernel.version import kernel_version
from rawbpf.light_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from rawbpf.kernel.hardware import Root

__all__ = ["NEEDS", "Need", "kept_after_attaching", "needed_to_import", "required"]

_BPF_FOR_CREATION_ONLY = (5, 19)
_LEVEL_OF_CAP_PERFMON = 2


class Need(NamedTuple):
    """A capability, its purpose, and the condition under which tracing keeps it, if any.

    With ``optional``, the command works with restrictions if the capability is missing.
    """

    capability: str
    purpose: str
    kept: str = ""
    optional: bool = False


_BPF = Need(
    "CAP_BPF",
    "create maps, load BTF and programs",
    "before Linux 5.19, where bpf(2) requires this capability to read counters",
)
_PERFMON = Need(
    "CAP_PERFMON",
    "load programs that read kernel memory; open probes and perf rings",
    "while perf rings may be replaced by larger ones",
)
_IPC_LOCK = Need(
    "CAP_IPC_LOCK",
    "map perf rings larger than kernel.perf_event_mlock_kb",
    "while perf rings may be replaced by larger ones",
    optional=True,
)
_PARANOID = Need(
    "CAP_SYS_ADMIN",
    "open perf events while kernel.perf_event_paranoid is above 2 (Debian, Ubuntu)",
    "while perf rings may be replaced by larger ones and kernel.perf_event_paranoid is above 2",
    optional=True,
)
_SYSLOG = Need("CAP_SYSLOG", "read kernel addresses in /proc/kallsyms", optional=True)
_RESOURCE = Need("CAP_SYS_RESOURCE", "before Linux 5.11: raise RLIMIT_MEMLOCK", optional=True)
_NETWORK = Need("CAP_NET_ADMIN", "load and attach programs for networking", optional=True)
_FILES = Need(
    "CAP_DAC_READ_SEARCH", "read tracefs, which only root may enter (mode 0700)", optional=True
)
_MODULES = Need(
    "CAP_DAC_READ_SEARCH",
    "import Python modules from a folder that only another user may read",
    "if Python or rawbpf is installed where only another user may read, as in a home directory",
    optional=True,
)
_ADMIN = Need("CAP_SYS_ADMIN", "open programs, maps, links and BTF of other processes by ID")
_ADMIN_FOR_BTF = Need("CAP_SYS_ADMIN", "open the BTF of modules", optional=True)

_LOADING = (_BPF, _PERFMON, _NETWORK, _SYSLOG, _RESOURCE, _ADMIN_FOR_BTF)

NEEDS: dict[str, tuple[Need, ...]] = {
    "kprobe": (_BPF, _PERFMON, _PARANOID, _IPC_LOCK, _MODULES, _RESOURCE),
    "run": (*_LOADING, _PARANOID, _IPC_LOCK, _MODULES, _FILES),
    "load": _LOADING,
    "verify": _LOADING,
    "gallery": (_BPF, _PERFMON, _NETWORK, _RESOURCE),
    "list": (_SYSLOG, _FILES),
    "prog": (_ADMIN,),
    "map": (_ADMIN,),
    "link": (_ADMIN,),
    "btf": (_ADMIN._replace(optional=True),),
}
"""The capabilities that each command needs.

Commands that are not listed need no capabilities.
"""


def required(command: str) -> tuple[str, ...]:
    """Return the capabilities without which a command fails.

    >>> required("kprobe")
    ('CAP_BPF', 'CAP_PERFMON')
    """
    return tuple(need.capability for need in NEEDS[command] if not need.optional)


def kept_after_attaching(
    held: Collection[str], *, rings_grow: bool, root: Root = "/"
) -> frozenset[str]:
    """Return which of the capabilities in ``held`` tracing needs even after attaching.

    >>> sorted(kept_after_attaching({"CAP_CHOWN", "CAP_SYS_ADMIN"}, rings_grow=True))
    ['CAP_SYS_ADMIN']
    """
    needed = set()
    if kernel_version(root=root) < _BPF_FOR_CREATION_ONLY:
        needed.add(_BPF.capability)
    if rings_grow:
        needed |= {_PERFMON.capability, _IPC_LOCK.capability}
        if (sysctl("kernel/perf_event_paranoid", root) or 0) > _LEVEL_OF_CAP_PERFMON:
            needed.add(_PARANOID.capability)
    if needed - {_IPC_LOCK.capability} - set(held):
        needed.add("CAP_SYS_ADMIN")
    return frozenset(needed & set(held))


def needed_to_import(folders: Iterable[str]) -> list[str]:
    """Return the capability, if any, without which Python could not import further modules.

    Without capabilities, even root is subject to the permissions of other users' folders. Modules
    that are first needed while tracing, such as NumPy, are not imported earlier.

    >>> needed_to_import(["/", "/nonexistent"])
    []
    """
    for folder in folders:
        try:
            os.listdir(folder)  # noqa: PTH208 -- importing pathlib takes 5 ms
        except PermissionError:
            return [_MODULES.capability]
        except OSError:  # the entry is a missing folder or a file
            continue
    return []
