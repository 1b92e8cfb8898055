"""The folder /out, which the guest sends to the host as a cpio archive.

The host does not trust any part of the archive. Each folder on the path to a file is opened without
following links, so files are created only below the target folder. A link is created only if its
target stays within the target folder and consists of steps up followed by steps down: ``../a/b``,
but not ``a/../b``. The names in a link's target may themselves be links, which obey the same rule.
Therefore no chain of links leads outside the folder, regardless of later replacements, and the
check does not need to follow links.

An entry that cannot be created is reported, and all other entries are still created.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from rawbpf.errors import FormatError, RawbpfError
from rawbpf.guest.wire.cpio import TRAILER, Member, exactly, header, heads, padding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["LARGEST", "LARGEST_END", "MOST_ENTRIES", "pack", "unpack"]

LARGEST = 1 << 30
"""The maximum size of an archive of /out in bytes, both in the guest and on the host."""

LARGEST_END = 1 << 10
"""An upper bound for the size in bytes of the end of an archive."""

MOST_ENTRIES = 100_000
"""The maximum number of files, folders and links in /out."""

_CHUNK = 1 << 20
_MOST_NAMED = 100
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE}
"""Errors that would also occur for the next entry."""


def pack(root: str, omit: Callable[[str, str], None], largest: int = LARGEST) -> Iterator[bytes]:
    """Yield an archive of all files below a folder, except devices and sockets.

    ``omit`` is called with the path and the reason for each entry that is omitted, either because
    it cannot be read or because it would make the archive larger than ``largest`` bytes.
    """
    used = count = 0
    for path in _walk(root):
        inner = os.path.relpath(path, root)
        try:
            status = os.lstat(path)
            file, size = _content(path, status)
        except OSError as error:
            omit(inner, error.strerror or str(error))
            continue
        with file:
            member = Member(inner, status.st_mode, mtime=int(status.st_mtime))
            head = header(count + 1, member, size)
            if used + len(head) + size > largest or count == MOST_ENTRIES:
                omit(inner, f"/out exceeds {largest >> 20} MiB or {MOST_ENTRIES:,} files")
                if count == MOST_ENTRIES:
                    break
                continue
            used += len(head) + size
            count += 1
            yield head
            yield from file.read(size)
            yield padding(size)
    yield header(count + 1, Member(TRAILER, 0), 0)


class _Content:
    """An entry's data: an open file, or the target of a link."""

    def __init__(self, fd: int = -1, data: bytes = b"") -> None:
        self._fd, self._data = fd, data

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        if self._fd >= 0:
            os.close(self._fd)

    def read(self, size: int) -> Iterator[bytes]:
        """Yield exactly ``size`` bytes, even if the file has shrunk."""
        if self._fd < 0:
            yield self._data
            return
        while size:
            data = os.read(self._fd, min(size, _CHUNK)) or bytes(min(size, _CHUNK))
            size -= len(data)
            yield data


def _walk(root: str) -> Iterator[str]:
    """Yield the paths of folders, files and links, with each folder before its contents."""
    for folder, folders, files in os.walk(root):
        for name in sorted(folders) + sorted(files):
            path = f"{folder}/{name}"
            mode = os.lstat(path).st_mode
            if stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode):
                yield path


def _content(path: str, status: os.stat_result) -> tuple[_Content, int]:
    if stat.S_ISLNK(status.st_mode):
        target = os.fsencode(Path(path).readlink())
        return _Content(data=target), len(target)
    if stat.S_ISREG(status.st_mode):
        return _Content(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)), status.st_size
    return _Content(), 0


def unpack(archive: BinaryIO, target: Path) -> None:
    """Create the files from an archive below the folder ``target``.

    Raises FormatError if the archive is malformed, and RawbpfError if some entries cannot be
    created, after all others have been created. The error names the first of these entries, and the
    details list the others.
    """
    try:
        target.mkdir(parents=True, exist_ok=True)
        root = os.open(target, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise RawbpfError(f"cannot write {target}", why=error.strerror) from None
    try:
        problems = _create_all(archive, root, target)
    finally:
        os.close(root)
    if problems:
        first, *others = problems
        if others:
            first.fix = f"{len(others)} more entries in /out were skipped"
            first.details = "\n".join(map(str, others[:_MOST_NAMED]))
        raise first


def _create_all(archive: BinaryIO, root: int, target: Path) -> list[RawbpfError]:
    problems: list[RawbpfError] = []
    for count, (member, size) in enumerate(heads(archive)):
        if count == MOST_ENTRIES:
            raise FormatError("/out was not copied completely", why=f"the limit is {count} entries")
        data = _Data(archive, size)
        try:
            _create(member, data, root)
        except FormatError as error:
            problems.append(error)
        except OSError as error:
            what = f"cannot write {target}/{member.path}"
            problem = RawbpfError(what, why=error.strerror)
            if error.errno in _NO_ROOM:
                raise problem from None
            problems.append(problem)
        data.skip()
    return problems


class _Data:
    """The data of one archive member, which has to be read to its end."""

    def __init__(self, archive: BinaryIO, size: int) -> None:
        self._archive, self._left, self._padding = archive, size, -size % 4

    def __iter__(self) -> Iterator[bytes]:
        while self._left:
            piece = exactly(self._archive, min(self._left, _CHUNK))
            self._left -= len(piece)
            yield piece

    def skip(self) -> None:
        """Skip the rest of the data, and the padding."""
        for _ in self:
            pass
        exactly(self._archive, self._padding)


def _create(member: Member, data: _Data, root: int) -> None:
    parts = member.path.split("/")
    if "\0" in member.path or not {"", ".", ".."}.isdisjoint(parts):
        raise FormatError(f"the guest returned a file outside /out: {member.path!r}")
    folder = os.dup(root)
    try:
        for part in parts[:-1]:
            inner = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        _make(member, data, folder, parts)
    finally:
        os.close(folder)


_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def _make(member: Member, data: _Data, folder: int, parts: list[str]) -> None:
    """Create an entry in an open folder.

    An existing file or link with the same name is replaced.
    """
    name = parts[-1]
    if stat.S_ISDIR(member.mode):
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=folder)
        os.close(os.open(name, _FOLDER, dir_fd=folder))  # not a link to a folder
    elif stat.S_ISLNK(member.mode):
        goal = _goal(member.path, b"".join(data), depth=len(parts) - 1)
        _remove(name, folder)
        os.symlink(goal, name, dir_fd=folder)
    elif stat.S_ISREG(member.mode):
        _remove(name, folder)
        with os.fdopen(os.open(name, _NEW_FILE, 0o600, dir_fd=folder), "wb") as file:
            file.writelines(data)
            os.fchmod(file.fileno(), stat.S_IMODE(member.mode) & 0o755)
            file.flush()
            os.utime(file.fileno(), (member.mtime, member.mtime))


def _remove(name: str, folder: int) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def _goal(path: str, target: bytes, depth: int) -> str:
    """Return a link's target if it stays below /out; ``depth`` is the depth of the link there."""
    goal = os.fsdecode(target)
    parts = [part for part in goal.split("/") if part not in ("", ".")]
    up = next((index for index, part in enumerate(parts) if part != ".."), len(parts))
    if not goal or "\0" in goal or goal.startswith("/") or up > depth or ".." in parts[up:]:
        raise FormatError(f"the guest returned a link outside /out: {path!r} -> {goal!r}")
    return goal
