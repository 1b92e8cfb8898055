"""Read and write cpio archives ("newc"), the only archive format that the kernel unpacks.

An initramfs is a cpio archive (Documentation/driver-api/early-userspace/buffer-format.rst). Each
member consists of a header of 110 ASCII characters (``070701`` and thirteen 8-digit hex numbers),
the path with a NUL, padded to four bytes, and the data, padded in the same way. A member named
``TRAILER!!!`` ends the archive. The next archive may follow directly; its members replace earlier
members with the same path. Writing owners and device nodes to an archive does not require root.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from rawbpf.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "TRAILER",
    "Member",
    "decode",
    "encode",
    "exactly",
    "header",
    "heads",
    "padding",
]

TRAILER = "TRAILER!!!"

_MAGIC = b"070701"
_HEADER_SIZE = 110
_LONGEST_PATH = 4096
_CHUNK = 1 << 20


class Member(NamedTuple):
    """A member: path without a leading slash, st_mode, data, mtime in seconds, and device number.

    The data of a symbolic link is its target.
    """

    path: str
    mode: int
    data: bytes = b""
    mtime: int = 0
    device: tuple[int, int] = (0, 0)


def encode(members: Iterable[Member]) -> Iterator[bytes]:
    """Yield the bytes of an archive.

    All files are owned by root, and folders must precede their files.

    >>> archive = b"".join(encode([Member("greeting", 0o100644, b"hello")]))
    >>> len(archive), archive[:14]
    (252, b'07070100000001')
    """
    for inode, member in enumerate(chain(members, [Member(TRAILER, 0)]), start=1):
        yield header(inode, member, len(member.data))
        yield member.data + padding(len(member.data))


def header(inode: int, member: Member, size: int) -> bytes:
    """Return the header and the padded path of a member whose data has ``size`` bytes."""
    name = member.path.encode(errors="surrogateescape") + b"\0"
    # c_devmajor and c_devminor are 0. Inode numbers are unique, so no member is a hard link.
    fields = (
        inode, member.mode, 0, 0, 1, member.mtime & 0xFFFFFFFF, size,
        0, 0, *member.device, len(name), 0,
    )  # fmt: skip
    head = _MAGIC + b"".join(b"%08X" % field for field in fields) + name
    return head + padding(len(head))


def padding(size: int) -> bytes:
    """Return the padding that follows ``size`` bytes."""
    return bytes(-size % 4)


def decode(stream: BinaryIO) -> Iterator[Member]:
    """Yield the members of one archive, one at a time.

    Raises FormatError if the archive is malformed.

    >>> import io
    >>> archive = b"".join(encode([Member("greeting", 0o100644, b"hello")]))
    >>> [(member.path, member.data) for member in decode(io.BytesIO(archive))]
    [('greeting', b'hello')]
    """
    for member, size in heads(stream):
        data = exactly(stream, size)
        exactly(stream, -size % 4)
        yield member._replace(data=data)


def heads(stream: BinaryIO) -> Iterator[tuple[Member, int]]:
    """Yield each member without its data, and the size of the data.

    Before resuming the generator, the caller must read the data and its padding from the stream.
    Raises FormatError if a header is malformed.
    """
    while True:
        head = exactly(stream, _HEADER_SIZE)
        if not head.startswith(_MAGIC):
            raise FormatError(
                "not a cpio archive", why=f"unexpected bytes at the start of an entry: {head[:6]!r}"
            )
        try:
            fields = [int(head[at : at + 8], 16) for at in range(6, _HEADER_SIZE, 8)]
        except ValueError:
            raise FormatError(
                "damaged cpio archive", why="a header contains characters that are not hex digits"
            ) from None
        _, mode, _, _, _, mtime, size, _, _, major, minor, name_size, _ = fields
        # int() would accept a sign, but "-0000001" is not a valid number of bytes.
        if min(fields) < 0 or not 0 < name_size <= _LONGEST_PATH:
            raise FormatError("damaged cpio archive", why=f"invalid path length {name_size}")
        name = exactly(stream, name_size)[:-1].decode(errors="surrogateescape")
        exactly(stream, -(_HEADER_SIZE + name_size) % 4)
        if name == TRAILER:
            return
        yield Member(name, mode, b"", mtime, (major, minor)), size


def exactly(stream: BinaryIO, size: int) -> bytes:
    """Read exactly ``size`` bytes. Raises FormatError if the stream ends early."""
    pieces = []
    missing = size
    # Python would allocate the full size before it reads anything, and a size may be up to 4 GiB.
    while missing and (piece := stream.read(min(missing, _CHUNK))):
        pieces.append(piece)
        missing -= len(piece)
    if missing:
        raise FormatError("truncated cpio archive", why=f"{missing} bytes are missing")
    return b"".join(pieces)
