"""Bytecode that the guest's Python uses without checking or compiling source files.

A .pyc file starts with 16 bytes: the interpreter's magic number, flags, and 8 bytes that identify
the source (PEP 552). If only flag 1 is set, these 8 bytes are a hash that the import system does
not check, so the file is used regardless of the source's modification time. Compiling in the guest
would take ten times as long on an emulated CPU.
"""

from __future__ import annotations

import marshal
import sys
from importlib.util import MAGIC_NUMBER
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["cached_name", "pyc", "pytest_cached_names"]

_UNCHECKED = (1).to_bytes(4, "little") + bytes(8)
_TIMESTAMP = bytes(4)


def cached_name(name: str) -> str:
    """Return the path at which the import system looks for a source file's bytecode.

    >>> cached_name("example.py").startswith("__pycache__/example.cpython-")
    True
    """
    return f"__pycache__/{name.removesuffix('.py')}.{sys.implementation.cache_tag}.pyc"


def pytest_cached_names(name: str) -> str:
    """Return a glob pattern for the bytecode that pytest writes with rewritten assertions.

    This bytecode is valid as long as the source's size and modification time are unchanged, and an
    archive preserves both.
    """
    return f"{name.removesuffix('.py')}.{sys.implementation.cache_tag}-pytest-*.pyc"


def pyc(source: Path, path: str | None = None) -> bytes | None:
    """Return a source file's bytecode, or None if the file does not compile (Python 2).

    ``path`` is the path of the source in the guest, which tracebacks show; by default, it is the
    same as on the host.
    """
    code = _up_to_date(source)
    if code is None:
        try:
            compiled = compile(source.read_bytes(), path or str(source), "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return None
        code = marshal.dumps(compiled)
    return MAGIC_NUMBER + _UNCHECKED + code


def _up_to_date(source: Path) -> bytes | None:
    """Return the cached code for a source file if the cache is up to date."""
    try:
        data = (source.parent / cached_name(source.name)).read_bytes()
    except OSError:
        return None
    status = source.stat()
    stamp = (int(status.st_mtime) & 0xFFFFFFFF).to_bytes(4, "little")
    stamp += (status.st_size & 0xFFFFFFFF).to_bytes(4, "little")
    return data[16:] if data[:16] == MAGIC_NUMBER + _TIMESTAMP + stamp else None
