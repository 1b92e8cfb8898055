"""The differences between the architectures that rawbpf runs on, in one record per architecture.

The records are in ``records.py``. This is the only package that calls uname(2), so that everything
which depends on the architecture is found here. To add an architecture, add a record and a row in
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
"""Architectures by machine name, as ``uname -m`` prints it."""


def native(default: Architecture | None = None) -> Architecture:
    """Return the record of the machine that this process runs on.

    On any other machine, return ``default``, or raise UnsupportedError if there is no default.

    >>> native().machine in ARCHITECTURES
    True
    """
    machine = os.uname().machine
    found = ARCHITECTURES.get(machine, default)
    if found is None:
        names = " or ".join(one.name for one in ARCHITECTURES.values())
        raise UnsupportedError(
            f"unsupported architecture {machine!r}",
            why="its system call numbers are not known to rawbpf",
            fix=f"use a machine with {names}",
        )
    return found


def kernel_release() -> str:
    """Return the kernel release that uname(2) reports, such as ``6.12.9-arch1-1``."""
    return os.uname().release
