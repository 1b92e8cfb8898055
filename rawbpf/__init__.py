"""rawbpf: eBPF with nothing in between.

Python assembles the bytecode, makes the system calls, attaches the probe and reads the ring.
Names are looked up on first use (PEP 562), so that ``import rawbpf`` costs nothing that the
caller does not need.
"""

from __future__ import annotations

from importlib import import_module

__version__ = "0.1.0"

_HOME = {
    "RawbpfError": "rawbpf.errors",
    "UsageError": "rawbpf.errors",
    "KernelError": "rawbpf.errors",
    "VerifierError": "rawbpf.errors",
}

__all__ = [  # noqa: PLE0605 -- derived from the table above, which is what a reader should edit
    *sorted(_HOME),
    "__version__",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'rawbpf' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
