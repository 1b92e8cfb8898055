"""Drop capabilities temporarily, to see the errors that a process without them gets.

Capabilities belong to a thread, not to a process. The kernel checks a thread's *effective* set. The
effective set can be reduced and extended again within the *permitted* set (capset(2)), so dropped
capabilities can be restored.

    struct __user_cap_header_struct { u32 version; int pid; }            pid 0: this thread
    struct __user_cap_data_struct   { u32 effective, permitted, inheritable; } [2]

Version 3 (2.6.26) takes two data structures, for capabilities 0 to 31 and 32 to 63.
"""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rawbpf.errors import UsageError
from rawbpf.syscall.gate import enter
from rawbpf.uapi.capability import CAPABILITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["without_capabilities"]

_LINUX_CAPABILITY_VERSION_3 = 0x2008_0522
_WORDS = 6
_EFFECTIVE = (0, 3)  # the words that contain the effective set


@contextmanager
def without_capabilities(names: Iterable[str]) -> Iterator[None]:
    """Run a ``with`` block without the given capabilities, in this thread only.

    CAP_SYS_ADMIN includes CAP_BPF and CAP_PERFMON, so drop CAP_SYS_ADMIN as well.

    >>> with without_capabilities(["CAP_CHOWN"]):
    ...     from rawbpf.kernel.rights import effective_capabilities
    ...     "CAP_CHOWN" in effective_capabilities()
    False
    """
    bits = [divmod(_bit(name), 32) for name in names]
    if not bits:
        yield
        return
    before = _get()
    after = list(before)
    for word, bit in bits:
        after[_EFFECTIVE[word]] &= ~(1 << bit)
    _set(after)
    try:
        yield
    finally:
        _set(before)


def _bit(name: str) -> int:
    if name not in CAPABILITIES:
        raise UsageError(f"unknown capability {name!r}")
    return CAPABILITIES.index(name)


def _header() -> ctypes.Array[ctypes.c_uint32]:
    return (ctypes.c_uint32 * 2)(_LINUX_CAPABILITY_VERSION_3, 0)


def _get() -> list[int]:
    header, data = _header(), (ctypes.c_uint32 * _WORDS)()
    enter("capget", ctypes.addressof(header), ctypes.addressof(data))
    return list(data)


def _set(words: list[int]) -> None:
    header, data = _header(), (ctypes.c_uint32 * _WORDS)(*words)
    enter("capset", ctypes.addressof(header), ctypes.addressof(data))
