"""What the guest leaves under /out: packed there, unpacked here.

The guest is the user's own, yet what it hands back is bytes: nothing may land outside the folder
that was named, so only directories, files and links that stay inside are made.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from rawbpf.errors import FormatError, RawbpfError
from rawbpf.guest.wire.cpio import Member

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["members", "unpack"]


def members(root: str) -> Iterator[Member]:
    """Everything below a folder, one file in memory at a time; devices and sockets left out."""
    for folder, folders, files in os.walk(root):
        for name in sorted(folders) + sorted(files):
            path = f"{folder}/{name}"
            status = os.lstat(path)
            inner = os.path.relpath(path, root)
            mtime = int(status.st_mtime)
            if stat.S_ISLNK(status.st_mode):
                yield Member(inner, status.st_mode, os.fsencode(Path(path).readlink()), mtime)
            elif stat.S_ISREG(status.st_mode):
                yield Member(inner, status.st_mode, Path(path).read_bytes(), mtime)
            elif stat.S_ISDIR(status.st_mode):
                yield Member(inner, status.st_mode, mtime=mtime)


def unpack(archive: Iterable[Member], target: Path) -> None:
    """Make the files below ``target``, which is made when absent. RawbpfError: it cannot be."""
    try:
        target.mkdir(parents=True, exist_ok=True)
        root = target.resolve()
        _unpack(archive, root)
    except OSError as error:
        raise RawbpfError(f"cannot write {error.filename or target}", why=error.strerror) from None


def _unpack(archive: Iterable[Member], root: Path) -> None:
    for member in archive:
        place = root / member.path
        if not place.parent.resolve().is_relative_to(root) or place.name in ("", ".", ".."):
            raise FormatError(f"the guest sent a file outside of /out: {member.path!r}")
        _make(member, place, root)


def _make(member: Member, place: Path, root: Path) -> None:
    if stat.S_ISDIR(member.mode):
        place.mkdir(exist_ok=True)
        return
    if place.is_symlink() or place.is_file():
        place.unlink()
    if stat.S_ISLNK(member.mode):
        goal = os.fsdecode(member.data)
        if not (place.parent / goal).resolve().is_relative_to(root):
            raise FormatError(f"the guest sent a link outside of /out: {member.path!r} -> {goal!r}")
        place.symlink_to(goal)
    elif stat.S_ISREG(member.mode):
        place.write_bytes(member.data)
        place.chmod(stat.S_IMODE(member.mode) & 0o755)
        os.utime(place, (member.mtime, member.mtime))
