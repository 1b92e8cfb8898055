"""Byte-compiled modules that nobody checks or compiles again.

A .pyc starts with 16 bytes: the interpreter's magic, flags, and 8 bytes that tie it to its
source (PEP 552). With flag 1 alone the 8 bytes are a hash that the import system is told not to
check: the file is used as it is, whatever its source's time. So nothing compiles in the guest,
where an emulated CPU is some ten times slower.
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
    """Where the import system looks for a source file's bytecode.

    >>> cached_name("example.py").startswith("__pycache__/example.cpython-")
    True
    """
    return f"__pycache__/{name.removesuffix('.py')}.{sys.implementation.cache_tag}.pyc"


def pytest_cached_names(name: str) -> str:
    """A pattern for bytecode with rewritten assertions, which pytest keeps beside the other.

    It is valid as long as the source has the same size and time, which an archive keeps.
    """
    return f"{name.removesuffix('.py')}.{sys.implementation.cache_tag}-pytest-*.pyc"


def pyc(source: Path) -> bytes | None:
    """The bytecode of one source file; None if it does not compile (a template, Python 2)."""
    code = _up_to_date(source)
    if code is None:
        try:
            compiled = compile(source.read_bytes(), str(source), "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return None
        code = marshal.dumps(compiled)
    return MAGIC_NUMBER + _UNCHECKED + code


def _up_to_date(source: Path) -> bytes | None:
    """The code that this interpreter itself cached for the source, if it still fits."""
    try:
        data = (source.parent / cached_name(source.name)).read_bytes()
    except OSError:
        return None
    status = source.stat()
    stamp = (int(status.st_mtime) & 0xFFFFFFFF).to_bytes(4, "little")
    stamp += (status.st_size & 0xFFFFFFFF).to_bytes(4, "little")
    return data[16:] if data[:16] == MAGIC_NUMBER + _TIMESTAMP + stamp else None
