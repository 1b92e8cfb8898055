"""An index of a BTF blob: the locations of its types, and its named types sorted by name.

BTF has no index. Finding the last type of a kernel requires a scan of all 126,000 types, and
finding a name requires searching two sections. With an index, both lookups take only a few steps:

    groups   the position of every eighth type; the others are at most seven steps away
    names    the positions of all named types, sorted by name; empty until a reader has needed them

Positions are indexes of 32-bit words in the type section. An index file consists of little-endian
words:

    magic, version, size of the blob in bytes, number of types, length of groups, length of names,
    CRC-32 of all that follows, groups, names

>>> index = Index(2, array("I", [1]), array("I", [0]))
>>> decode_index(encode_index(index, blob=100), blob=100) == index
True
"""

from __future__ import annotations

import struct
import sys
from array import array
from typing import NamedTuple
from zlib import crc32

from rawbpf.errors import FormatError

__all__ = ["GROUP", "Index", "decode_index", "encode_index"]

GROUP = 8
"""The number of types for each position in ``groups``."""

_MAGIC = 0x49465442  # "BTFI"
_VERSION = 1
_HEADER = "<7I"


class Index(NamedTuple):
    """The number of types, the position of every eighth type, and the positions of named types."""

    total: int
    groups: array[int]
    names: array[int]


def encode_index(index: Index, blob: int) -> bytes:
    """Return the contents of an index file for a blob of ``blob`` bytes."""
    body = b"".join(_little(words).tobytes() for words in (index.groups, index.names))
    sizes = len(index.groups), len(index.names)
    head = struct.pack(_HEADER, _MAGIC, _VERSION, blob, index.total, *sizes, crc32(body))
    return head + body


def decode_index(data: bytes, blob: int) -> Index:
    """Parse an index; raise FormatError if it is damaged or belongs to another blob.

    The positions are returned as they are stored in the file. They are validated when they are
    used.
    """
    if len(data) < struct.calcsize(_HEADER):
        raise FormatError("damaged type index", why=f"the index is only {len(data)} bytes long")
    magic, version, size, count, groups, names, checksum = struct.unpack_from(_HEADER, data)
    if (magic, version) != (_MAGIC, _VERSION):
        raise FormatError(
            "not a type index", why=f"unexpected magic number {magic:#010x} or version {version}"
        )
    body = memoryview(data)[struct.calcsize(_HEADER) :]
    fits = len(body) == 4 * (groups + names) and groups == -(-count // GROUP)
    if size != blob or not fits or crc32(body) != checksum:
        raise FormatError("the type index is damaged, or belongs to other types")
    return Index(count, _words(body[: 4 * groups]), _words(body[4 * groups :]))


def _words(data: memoryview) -> array[int]:
    return _little(array("I", data.tobytes()))


def _little(words: array[int]) -> array[int]:
    """Convert words between native byte order and little-endian."""
    if sys.byteorder == "big":
        words = words[:]
        words.byteswap()
    return words
