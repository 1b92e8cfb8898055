"""All differences between the supported architectures, with one record per architecture.

Each record is defined in ``records.py``. No other package calls uname(2), so all
architecture-dependent code is in this package. To add an architecture, add a record and list it in
``ARCHITECTURES``.
"""

from __future__ import annotations

import os

from rawbpf.arch.records import ARM64, X86_64, Architecture, PtRegs, Qemu
from rawbpf.errors import UnsupportedError

__all__ = [
    "ARCHITECTURES",
    "ARM64",
    "X86_64",
    "Architecture",
    "PtRegs",
    "Qemu",
    "kernel_release",
    "native",
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


def kernel_release() -> str:
    """Return the kernel release reported by uname(2), such as ``6.12.9-arch1-1``."""
    return os.uname().release
