"""Which clang. Debian and others install it under its version's name only: clang-19.

clang 10 is the first that writes CO-RE records (``preserve_access_index``); the oldest that is
tested here is 14.
"""

from __future__ import annotations

import shutil

from rawbpf.errors import UnsupportedError

__all__ = ["find_clang"]

_NAMES = ("clang", *(f"clang-{version}" for version in range(22, 13, -1)))


def find_clang(name: str | None = None) -> str:
    """The path of a clang: the one asked for, or the first of clang, clang-22, ... clang-14.

    UnsupportedError: there is none.
    """
    for one in _NAMES if name is None else (name,):
        path = shutil.which(one)
        if path is not None:
            return path
    raise UnsupportedError(
        "cannot compile C: there is no " + (f"{name!r}" if name else "clang"),
        why="not in any folder of PATH",
        fix="install it (Debian: apt install clang), or compile elsewhere and give the .bpf.o",
    )
