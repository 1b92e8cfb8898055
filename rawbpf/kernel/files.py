"""Facts are files: procfs and sysfs give one a file, as text.

Every reader in this package takes ``root``, the folder that stands for ``/``: tests hand it a
folder of files, and a kernel that we do not run on can be looked at. A fact that is not there, or
not for us to read, is None: whether that is an error only the caller knows. Anything else that
goes wrong while reading is an error.
"""

from __future__ import annotations

import os

__all__ = ["Root", "at", "read_bytes", "read_text"]

Root = str | os.PathLike[str]
"""The folder that stands for ``/``."""


def at(root: Root, path: str) -> str:
    """The place of the absolute ``path`` under ``root``.

    >>> at("/tmp/fixture", "/proc/version"), at("/", "/proc/version")
    ('/tmp/fixture/proc/version', '/proc/version')
    """
    return os.path.join(root, path.lstrip("/"))  # noqa: PTH118 -- pathlib costs a start-up 5 ms


def read_bytes(root: Root, path: str) -> bytes | None:
    """The file's bytes; None if it is not there or not ours to read.

    A process's files may be opened, and it may end before they are read: that is ESRCH.

    >>> read_bytes("/nonexistent", "/proc/version") is None
    True
    """
    try:
        with open(at(root, path), "rb") as file:  # noqa: PTH123 -- as above
            return file.read()
    except (FileNotFoundError, NotADirectoryError, PermissionError, ProcessLookupError):
        return None


def read_text(root: Root, path: str) -> str | None:
    """The file's text without white space around it; None as in ``read_bytes``."""
    data = read_bytes(root, path)
    return None if data is None else data.decode(errors="backslashreplace").strip()
