"""rawbpf: eBPF with nothing in between.

Python assembles the bytecode, makes the system calls, attaches the probe and reads the ring.
Names are looked up on first use (PEP 562), so that ``import rawbpf`` costs nothing that the
caller does not need.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from rawbpf.collection.collection import open  # noqa: A004 -- what it does to an object
    from rawbpf.errors import (
        AttachError,
        ClosedError,
        KernelError,
        RawbpfError,
        UnsupportedError,
        UsageError,
        VerifierError,
    )
    from rawbpf.trace.kprobe import Kprobe

_HOME = {
    "AttachError": "rawbpf.errors",
    "ClosedError": "rawbpf.errors",
    "KernelError": "rawbpf.errors",
    "Kprobe": "rawbpf.trace.kprobe",
    "RawbpfError": "rawbpf.errors",
    "UnsupportedError": "rawbpf.errors",
    "UsageError": "rawbpf.errors",
    "VerifierError": "rawbpf.errors",
    "open": "rawbpf.collection.collection",
}

__all__ = [
    "AttachError",
    "ClosedError",
    "KernelError",
    "Kprobe",
    "RawbpfError",
    "UnsupportedError",
    "UsageError",
    "VerifierError",
    "open",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'rawbpf' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
