"""Drop capabilities, either permanently or temporarily to see errors caused by missing ones.

Capabilities belong to a thread. The kernel checks a thread's *effective* set. The effective set can
be reduced, and extended again within the *permitted* set (capset(2)), so capabilities that were
dropped only from the effective set can be restored. The *inheritable* and *ambient* sets determine
the capabilities after execve(2); the kernel keeps the ambient set within the permitted and
inheritable sets (4.3).

    struct __user_cap_header_struct { u32 version; int pid; }            pid 0: this thread
    struct __user_cap_data_struct   { u32 effective, permitted, inheritable; } [2]

Version 3 (2.6.26) takes two data structures, one for capabilities 0 to 31 and one for 32 to 63.

By default, root would regain all capabilities of the *bounding* set in execve(2).
PR_SET_NO_NEW_PRIVS (3.5) prevents this: a thread with this flag, and its children, never gain a
capability in execve(2) (cap_bprm_creds_from_file in security/commoncap.c). Unlike removing
capabilities from the bounding set, this requires no capability and only one call.
"""

from __future__ import annotations

import ctypes
from contextlib import contextmanager

from rawbpf.errors import UsageError
from rawbpf.light_typing import TYPE_CHECKING, NamedTuple
from rawbpf.syscall.gate import enter
from rawbpf.uapi.capability import CAPABILITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = [
    "CAP_DATA",
    "CAP_HEADER",
    "CapabilitySets",
    "drop_for_good",
    "thread_capabilities",
    "without_capabilities",
]

CAP_HEADER, CAP_DATA = 8, 24
"""The sizes of the structures in bytes."""

_LINUX_CAPABILITY_VERSION_3 = 0x2008_0522
_PR_SET_NO_NEW_PRIVS = 38


class CapabilitySets(NamedTuple):
    """The capability sets of a thread as bit masks; for example, bit 39 is CAP_BPF."""

    effective: int
    permitted: int
    inheritable: int


def thread_capabilities() -> frozenset[str]:
    """Return the names of the effective capabilities of this thread.

    >>> thread_capabilities() <= frozenset(CAPABILITIES)
    True
    """
    return _names(_capget().effective)


def drop_for_good(
    kept: Callable[[frozenset[str]], Iterable[str]], further: Callable[[], Iterable[str]] = tuple
) -> frozenset[str]:
    """Permanently drop capabilities of this thread, and return those that remain.

    ``kept`` returns those of the given effective capabilities that should remain. ``further`` is
    called while only these capabilities are effective, and returns the names of any others that
    turn out to be needed.

    The inheritable and ambient sets become empty. Programs that the thread executes later do not
    gain capabilities. Raises KernelError if a seccomp filter denies the call.
    """
    sets = _capget()
    mask = sets.effective & _mask(kept(_names(sets.effective)))
    _capset(sets._replace(effective=mask))
    mask |= sets.effective & _mask(further())
    _capset(CapabilitySets(mask, mask, 0))
    enter("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return _names(mask)


@contextmanager
def without_capabilities(names: Iterable[str]) -> Iterator[None]:
    """Run a ``with`` block without the given capabilities, in this thread only.

    CAP_SYS_ADMIN includes CAP_BPF and CAP_PERFMON, so CAP_SYS_ADMIN is dropped as well.

    >>> with without_capabilities(["CAP_CHOWN"]):
    ...     "CAP_CHOWN" in thread_capabilities()
    False
    """
    mask = _mask(names)
    if not mask:
        yield
        return
    before = _capget()
    _capset(before._replace(effective=before.effective & ~mask))
    try:
        yield
    finally:
        _capset(before)


def _names(mask: int) -> frozenset[str]:
    return frozenset(name for bit, name in enumerate(CAPABILITIES) if mask >> bit & 1)


def _mask(names: Iterable[str]) -> int:
    mask = 0
    for name in names:
        if name not in CAPABILITIES:
            raise UsageError(f"unknown capability {name!r}")
        mask |= 1 << CAPABILITIES.index(name)
    return mask


_Data = ctypes.c_uint32 * (CAP_DATA // 4)


def _header() -> ctypes.Array[ctypes.c_uint32]:
    return (ctypes.c_uint32 * 2)(_LINUX_CAPABILITY_VERSION_3, 0)


def _capget() -> CapabilitySets:
    header, data = _header(), _Data()
    enter("capget", ctypes.addressof(header), ctypes.addressof(data))
    return CapabilitySets(*(data[at] | data[at + 3] << 32 for at in range(3)))


def _capset(sets: CapabilitySets) -> None:
    halves = [(word >> shift) & 0xFFFF_FFFF for shift in (0, 32) for word in sets]
    header, data = _header(), _Data(*halves)
    enter("capset", ctypes.addressof(header), ctypes.addressof(data))
