"""Reading procfs and sysfs, where the kernel offers most facts as small text files.

All readers in this package take ``root``, the folder that stands for ``/``. Tests pass a folder of
files, to describe machines and kernels that are not available. A file that is absent or not
readable is returned as None, because only the caller knows whether that is an error. Other failures
raise.
"""

from __future__ import annotations

import os

__all__ = ["Root", "at", "read_bytes", "read_text"]

Root = str | os.PathLike[str]
"""The folder that stands for ``/``."""


def at(root: Root, path: str) -> str:
    """Return the location of the absolute ``path`` under ``root``.

    >>> at("/tmp/fixture", "/proc/version"), at("/", "/proc/version")
    ('/tmp/fixture/proc/version', '/proc/version')
    """
    return os.path.join(root, path.lstrip("/"))  # noqa: PTH118 -- importing pathlib takes 5 ms


def read_bytes(root: Root, path: str) -> bytes | None:
    """Return the file's bytes, or None if it is absent or not readable.

    Reading a file in /proc/PID fails with ESRCH if the process has ended since it was opened.

    >>> read_bytes("/nonexistent", "/proc/version") is None
    True
    """
    try:
        with open(at(root, path), "rb") as file:  # noqa: PTH123 -- see at
            return file.read()
    except (FileNotFoundError, NotADirectoryError, PermissionError, ProcessLookupError):
        return None


def read_text(root: Root, path: str) -> str | None:
    """Return the file's text, stripped, or None if it is absent or not readable."""
    data = read_bytes(root, path)
    return None if data is None else data.decode(errors="backslashreplace").strip()
