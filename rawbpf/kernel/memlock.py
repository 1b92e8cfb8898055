"""Locked memory: the limit that BPF objects counted against before 5.11.

Until 5.10 maps and programs were charged to RLIMIT_MEMLOCK, often 64 kB, and going over it was
EPERM: the same errno as for a missing capability. Since 5.11 they are charged to the memory cgroup.
Raising the limit where nothing counts against it would only take away a protection, so we raise it
on those old kernels alone.
"""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

from rawbpf.kernel.version import kernel_version

if TYPE_CHECKING:
    from rawbpf.kernel.files import Root

__all__ = ["bpf_counts_as_locked", "memlock_limit", "raise_memlock_if_needed"]


def bpf_counts_as_locked(root: Root = "/") -> bool:
    """Whether this kernel charges BPF objects to RLIMIT_MEMLOCK."""
    return kernel_version(root=root) < (5, 11)


def memlock_limit() -> int | None:
    """The limit in force, in bytes; None if there is none."""
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    return None if soft == resource.RLIM_INFINITY else soft


def raise_memlock_if_needed(root: Root = "/") -> None:
    """Lift the limit where BPF objects count against it: altogether, or as far as we may.

    Without CAP_SYS_RESOURCE that is up to the hard limit. If even that is too little, creating the
    map or loading the program says so, with EPERM.
    """
    if not bpf_counts_as_locked(root) or memlock_limit() is None:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    try:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY,) * 2)
    except ValueError:  # what the resource module makes of EPERM
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (hard, hard))
