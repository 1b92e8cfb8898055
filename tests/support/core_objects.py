"""Objects with every kind of CO-RE relocation, and kernel types that give different answers.

``core_relo/*.c``, compiled: ``PROGRAMS`` are programs, ``TARGETS`` are kernels.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.clang import clang

SOURCES = Path(__file__).parent / "core_relo"
PROGRAMS = ("fields", "kinds", "kernel", "tiny")
TARGETS = ("target_moved", "target_poor", "target_many")


@cache
def _folder() -> TemporaryDirectory[str]:
    """A folder that is removed when the interpreter exits."""
    return TemporaryDirectory(prefix="rawbpf-core-")


@cache
def core_object(name: str, *, newest: bool = True) -> Path:
    """Compile one of these files with clang 19, or 14 if not ``newest``."""
    path = Path(_folder().name) / f"{name}.{'new' if newest else 'old'}.o"
    words = ["-target", "bpf", "-g", "-O2", "-c", str(SOURCES / f"{name}.c"), "-o", str(path)]
    clang(*words, newest=newest)
    return path
