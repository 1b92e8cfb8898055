"""The cache of kernels and images, where files appear complete or not at all.

The folder is private (0700), since a guest boots what it contains. A lock (flock(2)) is held while
something is downloaded or built, so whatever is unfinished under the lock was left behind by a
process that was interrupted. Files that a guest boots have a checksum beside them, in the format of
sha256sum(1).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rawbpf.errors import GuestError, errno_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

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
"""The name of the file with checksums in a folder."""

_ELSEWHERE = "set RAWBPF_CACHE to a folder that you can write"


def place(*parts: str) -> Path:
    """Return the path of a folder or file in the user's cache, without creating anything.

    RAWBPF_CACHE overrides the location of the cache. Raise GuestError if there is no home folder.
    """
    named = os.environ.get("RAWBPF_CACHE")
    if named:
        return Path(named, *parts)
    from platformdirs import user_cache_path

    try:
        root = user_cache_path("rawbpf")
    except RuntimeError:  # neither HOME nor an entry in /etc/passwd
        root = Path("~")
    if not root.is_absolute():  # older versions of platformdirs return "~" as it is
        raise GuestError("there is no place for the cache", why="HOME is not set", fix=_ELSEWHERE)
    return root.joinpath(*parts)


def folder(*parts: str) -> Path:
    """Return a folder in the user's cache, and create it if necessary. Raise GuestError."""
    path = place(*parts)
    with errors_named(f"cannot use the cache {path}"):
        place().parent.mkdir(parents=True, exist_ok=True)
        for count in range(len(parts) + 1):
            each = place(*parts[:count])
            each.mkdir(mode=0o700, exist_ok=True)
            if count or not os.environ.get("RAWBPF_CACHE"):  # RAWBPF_CACHE may be /tmp
                _make_private(each)
    return path


def _make_private(path: Path) -> None:
    """Remove the permissions of other users, who could change what a guest boots."""
    status = path.stat()
    if os.geteuid() not in (0, status.st_uid):
        raise GuestError(
            f"cannot use the cache {path}", why="it belongs to another user", fix=_ELSEWHERE
        )
    if status.st_uid == os.geteuid() and status.st_mode & 0o077:
        path.chmod(0o700)


@contextmanager
def errors_named(what: str) -> Iterator[None]:
    """Turn each OSError in a ``with`` block into a GuestError."""
    try:
        yield
    except OSError as error:
        why = errno_words(error.errno) if error.errno else str(error)
        if error.filename is not None:
            why += f": {os.fsdecode(error.filename)}"
        raise GuestError(what, why=why, fix=_ELSEWHERE) from None


@contextmanager
def locked(name: str, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock of a folder in the cache. ``waiting`` is called if another process holds it.

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
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_checksums(root: Path) -> None:
    """Store the checksums of all files in a folder and below it."""
    files = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    lines = [f"{checksum(path)}  {path.relative_to(root)}\n" for path in files]
    (root / CHECKSUMS).write_text("".join(lines), encoding="utf-8")


def is_damaged(path: Path, root: Path) -> bool:
    """Return whether a file differs from the checksum in the folder ``root``.

    A folder without checksums was not made by rawbpf, so nothing is known about it.
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


def write_whole(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a temporary file, then rename it, so that a reader never sees half of it."""
    with _beside(path) as partial:
        with partial.open("wb") as file:
            file.writelines(pieces)
        partial.replace(path)


def replace_folder(ready: Path, target: Path) -> None:
    """Replace ``target`` by the folder ``ready``, which must be on the same file system.

    Checksums are stored in the new folder. The old folder is moved beside ``ready`` before it is
    removed, because removing may fail halfway.
    """
    write_checksums(ready)
    target.parent.mkdir(parents=True, exist_ok=True)
    old = ready.with_name(f"{ready.name}.old")
    with suppress(FileNotFoundError):
        target.rename(old)
    ready.rename(target)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield partial
    finally:
        partial.unlink(missing_ok=True)
