"""Manage kernels and images in the user's cache (see rawbpf/user_cache.py).

A lock (flock(2)) is held during downloads and builds, so an unfinished file that is found while
holding the lock was left by an interrupted process. Each file that a guest boots from has a
checksum next to it, in the format of sha256sum(1).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rawbpf import user_cache
from rawbpf.errors import GuestError, errno_words
from rawbpf.user_cache import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "CHECKSUMS",
    "checksum",
    "errors_named",
    "folder",
    "is_damaged",
    "locked",
    "place",
    "replace_folder",
    "write_checksums",
    "write_whole",
]

CHECKSUMS = "sha256"
"""The name of the file with the checksums of a folder."""

_ELSEWHERE = "set RAWBPF_CACHE to a folder in which you can write"


def place(*parts: str) -> Path:
    """Return the path of a folder or file in the user's cache, without creating it.

    The environment variable RAWBPF_CACHE overrides the location of the cache. Raises GuestError if
    the user has no home folder.
    """
    path = user_cache.place(*parts)
    if path is None:
        raise GuestError(
            "cannot choose a folder for the cache", why="HOME is not set", fix=_ELSEWHERE
        )
    return Path(path)


def folder(*parts: str) -> Path:
    """Return a folder in the user's cache, creating it if necessary. Raise GuestError."""
    with errors_named(f"cannot use the cache {place(*parts)}"):
        return Path(user_cache.folder(*parts))


@contextmanager
def errors_named(what: str) -> Iterator[None]:
    """Convert any OSError in a ``with`` block to a GuestError."""
    try:
        yield
    except OSError as error:
        why = errno_words(error.errno) if error.errno else str(error)
        if error.filename is not None:
            why += f": {os.fsdecode(error.filename)}"
        raise GuestError(what, why=why, fix=_ELSEWHERE) from None


@contextmanager
def locked(name: str, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock of a cache folder.

    ``waiting`` is called if another process holds the lock.

    The kernel releases the lock when the process ends, even if the process is killed.
    """
    fd = os.open(folder() / f".lock-{name}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(fd, fcntl.LOCK_EX)
        except OSError:  # the file system does not support locks
            pass
        yield
    finally:
        os.close(fd)


def checksum(path: Path) -> str:
    """Return a file's SHA-256 hash in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_checksums(root: Path) -> None:
    """Store the checksums of all files in a folder and its subfolders."""
    files = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    lines = [f"{checksum(path)}  {path.relative_to(root)}\n" for path in files]
    (root / CHECKSUMS).write_text("".join(lines), encoding="utf-8")


def is_damaged(path: Path, root: Path) -> bool:
    """Return whether a file differs from its checksum, which is stored in the folder ``root``.

    A folder without checksums was not created by rawbpf, so its files cannot be checked.
    """
    try:
        lines = (root / CHECKSUMS).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return False
    known = dict(line.split("  ", 1)[::-1] for line in lines if "  " in line)
    try:
        return known.get(str(path.relative_to(root))) != checksum(path)
    except FileNotFoundError:
        return True


def replace_folder(ready: Path, target: Path) -> None:
    """Replace ``target`` with the folder ``ready``, which must be on the same file system.

    Checksums are stored in the new folder. The old folder is moved next to ``ready`` before it is
    removed, because a removal may fail halfway.
    """
    write_checksums(ready)
    target.parent.mkdir(parents=True, exist_ok=True)
    old = ready.with_name(f"{ready.name}.old")
    with suppress(FileNotFoundError):
        target.rename(old)
    ready.rename(target)
    shutil.rmtree(old, ignore_errors=True)
