"""cpio archives ("newc"), the only format that the kernel unpacks, and the folder /out.

An initramfs is a cpio archive (Documentation/driver-api/early-userspace/buffer-format.rst). Each
member has a header of 110 ASCII characters, ``070701`` and thirteen 8-digit hex numbers, then the
path with a NUL, padded to four bytes, then the data, padded the same way. A member named
``TRAILER!!!`` ends the archive. Another archive may follow, whose members replace earlier ones with
the same path. Writing owners and device nodes this way takes no root.

The guest returns the folder /out in the same format. Its bytes are not trusted: only folders, files
and links that stay inside the target folder are created.
"""

from __future__ import annotations

import os
import stat
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from rawbpf.errors import FormatError, RawbpfError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "TRAILER",
    "Member",
    "decode",
    "encode",
    "members",
    "unpack",
]

TRAILER = "TRAILER!!!"

_MAGIC = b"070701"
_HEADER_SIZE = 110
_LONGEST_PATH = 4096


class Member(NamedTuple):
    """A file: path without a leading slash, st_mode, data, mtime in seconds, device number.

    The data of a symbolic link is its target.
    """

    path: str
    mode: int
    data: bytes = b""
    mtime: int = 0
    device: tuple[int, int] = (0, 0)


def encode(members: Iterable[Member]) -> Iterator[bytes]:
    """Yield the bytes of an archive. Files are owned by root; folders must precede their files.

    >>> archive = b"".join(encode([Member("greeting", 0o100644, b"hello")]))
    >>> len(archive), archive[:14]
    (252, b'07070100000001')
    """
    for inode, member in enumerate(chain(members, [Member(TRAILER, 0)]), start=1):
        yield _header(inode, member)
        yield member.data + _padding(len(member.data))


def _header(inode: int, member: Member) -> bytes:
    name = member.path.encode(errors="surrogateescape") + b"\0"
    # c_devmajor and c_devminor are 0. Inodes are unique, so no member is a hard link.
    fields = (
        inode, member.mode, 0, 0, 1, member.mtime & 0xFFFFFFFF, len(member.data),
        0, 0, *member.device, len(name), 0,
    )  # fmt: skip
    head = _MAGIC + b"".join(b"%08X" % field for field in fields) + name
    return head + _padding(len(head))


def _padding(size: int) -> bytes:
    return bytes(-size % 4)


def decode(stream: BinaryIO) -> Iterator[Member]:
    """Yield the members of one archive, one at a time. Raise FormatError if it is malformed.

    >>> import io
    >>> archive = b"".join(encode([Member("greeting", 0o100644, b"hello")]))
    >>> [(member.path, member.data) for member in decode(io.BytesIO(archive))]
    [('greeting', b'hello')]
    """
    while True:
        head = _exactly(stream, _HEADER_SIZE)
        if not head.startswith(_MAGIC):
            raise FormatError("not a cpio archive", why=f"a member starts with {head[:6]!r}")
        try:
            fields = [int(head[at : at + 8], 16) for at in range(6, _HEADER_SIZE, 8)]
        except ValueError:
            raise FormatError("damaged cpio archive", why="a header is not hexadecimal") from None
        _, mode, _, _, _, mtime, size, _, _, major, minor, name_size, _ = fields
        if not 0 < name_size <= _LONGEST_PATH:
            raise FormatError("damaged cpio archive", why=f"a path of {name_size} bytes")
        name = _exactly(stream, name_size)[:-1].decode(errors="surrogateescape")
        _exactly(stream, -(_HEADER_SIZE + name_size) % 4)
        if name == TRAILER:
            return
        data = _exactly(stream, size)
        _exactly(stream, -size % 4)
        yield Member(name, mode, data, mtime, (major, minor))


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise FormatError("truncated cpio archive", why=f"{size - len(data)} bytes are missing")
    return data


def members(root: str) -> Iterator[Member]:
    """Yield all files below a folder, except devices and sockets, one in memory at a time."""
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
    """Create the files below ``target``, a folder. Raise RawbpfError if that fails."""
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
            raise FormatError(f"the guest returned a file outside of /out: {member.path!r}")
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
            raise FormatError(
                f"the guest returned a link outside of /out: {member.path!r} -> {goal!r}"
            )
        place.symlink_to(goal)
    elif stat.S_ISREG(member.mode):
        place.write_bytes(member.data)
        place.chmod(stat.S_IMODE(member.mode) & 0o755)
        os.utime(place, (member.mtime, member.mtime))
