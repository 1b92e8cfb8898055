"""The user's cache, a private folder of files that can be regenerated at any time.

The folder is RAWBPF_CACHE, or ``rawbpf`` in XDG_CACHE_HOME or ~/.cache. The folder is private
(0700), because a guest boots files from it, and because the types found in it determine what a
program reads.

Files are written atomically, by renaming a temporary file. Two processes that generate the same
file at the same time therefore do no harm, and locks only save work. Readers validate the files
that they read.

Errors are raised as OSErrors; callers add what they were unable to do.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["folder", "place", "write_whole"]


def place(*parts: str) -> str | None:
    """Return the path of a folder or file in the user's cache, or None without a home folder.

    Nothing is created.
    """
    named = os.environ.get("RAWBPF_CACHE")
    if not named:
        root = os.environ.get("XDG_CACHE_HOME", "").strip() or os.path.expanduser("~/.cache")
        if not os.path.isabs(root):  # there is neither HOME nor an entry in /etc/passwd
            return None
        named = os.path.join(root, "rawbpf")
    return os.path.join(named, *parts)


def folder(*parts: str) -> str:
    """Return a folder in the user's cache, creating it if necessary."""
    root = place()
    if root is None:
        raise FileNotFoundError("HOME is not set")
    os.makedirs(os.path.dirname(os.path.abspath(root)), exist_ok=True)
    for count in range(len(parts) + 1):
        each = os.path.join(root, *parts[:count])
        with suppress(FileExistsError):
            os.mkdir(each, 0o700)
        if count or not os.environ.get(
            "RAWBPF_CACHE"
        ):  # RAWBPF_CACHE may be a shared folder such as /tmp
            _make_private(each)
    return os.path.join(root, *parts)


def _make_private(path: str) -> None:
    """Remove other users' permissions, so that they cannot change what processes read."""
    status = os.stat(path)
    if os.geteuid() not in (0, status.st_uid):
        raise PermissionError("the folder belongs to another user")
    if status.st_uid == os.geteuid() and status.st_mode & 0o077:
        os.chmod(path, 0o700)


def write_whole(path: str | os.PathLike[str], pieces: Iterable[bytes]) -> None:
    """Write a file atomically, so that a reader never sees an incomplete file."""
    at, name = os.path.split(path)
    partial = os.path.join(at, f".{name}.{os.getpid()}")
    try:
        with open(partial, "wb") as file:
            file.writelines(pieces)
        os.replace(partial, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(partial)
        raise
