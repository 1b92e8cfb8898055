"""All differences between the supported architectures, with one record per architecture.

Each record is defined in ``records.py``. No other package calls uname(2), so all
architecture-dependent code is in this package. To add an architecture, add a record and list it in
``ARCHITECTURES``.
"""

from __future__ import annotations

import os

from rawbpf.arch.records import ARM64, X86_64, Architecture, PtRegs, Qemu
from rawbpf.errors import UnsupportedError, UsageError

__all__ = [
    "ARCHITECTURES",
    "ARM64",
    "X86_64",
    "Architecture",
    "PtRegs",
    "Qemu",
    "kernel_release",
    "named",
    "native",
    "of_release",
]

ARCHITECTURES = {one.machine: one for one in (X86_64, ARM64)}
"""The architectures, keyed by machine name as printed by ``uname -m``."""


def native(default: Architecture | None = None) -> Architecture:
    """Return the record for the machine that this process runs on.

    On an unsupported machine, return ``default``, or raise UnsupportedError if no default is given.

    >>> native().machine in ARCHITECTURES
    True
    """
    machine = os.uname().machine
    found = ARCHITECTURES.get(machine, default)
    if found is None:
        names = " or ".join(one.name for one in ARCHITECTURES.values())
        raise UnsupportedError(
            f"unsupported architecture {machine!r}",
            why="rawbpf does not know this machine's system call numbers",
            fix=f"use a machine with {names}",
        )
    return found


def named(name: str) -> Architecture:
    """Return the architecture with this name, which may be the one that uname(1) or Debian uses.

    Raises UsageError if no supported architecture has this name.

    >>> named("arm64") is named("aarch64") is ARM64
    True
    """
    for one in ARCHITECTURES.values():
        if name in (one.name, one.machine, one.debian):
            return one
    names = " or ".join(one.name for one in ARCHITECTURES.values())
    raise UsageError(f"unknown architecture {name!r}", fix=f"use {names}")


def of_release(release: str) -> Architecture:
    """Return the architecture of a Debian kernel, which is the last part of its release.

    Any other release is assumed to belong to a kernel for this machine.

    >>> of_release("6.1.0-50-cloud-arm64") is ARM64
    True
    """
    ours = native(X86_64)
    return next((a for a in ARCHITECTURES.values() if release.endswith(f"-{a.debian}")), ours)


def kernel_release() -> str:
    """Return the kernel release reported by uname(2), such as ``6.12.9-arch1-1``."""
    return os.uname().release
