"""Archives in the one format that the kernel itself unpacks: cpio, "newc".

An initramfs is a cpio archive (Documentation/driver-api/early-userspace/buffer-format.rst). Each
member is a header of 110 ASCII characters, ``070701`` and thirteen 8-digit hex numbers, then the
path with its NUL, padded to four bytes, then the data, padded likewise. A member named
``TRAILER!!!`` ends the archive, and after it another archive may follow: later members replace
earlier ones of the same path. Nobody has to be root to write ownership or device nodes this way.

What the guest hands back at its end travels in the same format.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from rawbpf.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["TRAILER", "Member", "decode", "encode"]

TRAILER = "TRAILER!!!"

_MAGIC = b"070701"
_HEADER_SIZE = 110
_LONGEST_PATH = 4096


class Member(NamedTuple):
    """One file: its path without a leading slash, st_mode, data, mtime in seconds, device number.

    The data of a symbolic link is its target, in bytes.
    """

    path: str
    mode: int
    data: bytes = b""
    mtime: int = 0
    device: tuple[int, int] = (0, 0)


def encode(members: Iterable[Member]) -> Iterator[bytes]:
    """The pieces of an archive, owned by root, in the order given (parents come first).

    >>> archive = b"".join(encode([Member("greeting", 0o100644, b"hello")]))
    >>> len(archive), archive[:14]
    (252, b'07070100000001')
    """
    for inode, member in enumerate(chain(members, [Member(TRAILER, 0)]), start=1):
        yield _header(inode, member)
        yield member.data + _padding(len(member.data))


def _header(inode: int, member: Member) -> bytes:
    name = member.path.encode(errors="surrogateescape") + b"\0"
    # c_devmajor and c_devminor stay 0; each member has an inode of its own, so none is a hard link.
    fields = (
        inode, member.mode, 0, 0, 1, member.mtime & 0xFFFFFFFF, len(member.data),
        0, 0, *member.device, len(name), 0,
    )  # fmt: skip
    head = _MAGIC + b"".join(b"%08X" % field for field in fields) + name
    return head + _padding(len(head))


def _padding(size: int) -> bytes:
    return bytes(-size % 4)


def decode(stream: BinaryIO) -> Iterator[Member]:
    """The members of one archive, read one at a time.

    Raises FormatError where the bytes are no archive; yields what came before.

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
