"""What host and guest say to each other over the serial line: typed frames, both ways.

A frame is one byte of kind, two of length (little-endian), then the payload. Both ends import
this file. The line is reliable (QEMU hands it to a socket), so there are no checksums. The line
never blocks for long, or signals would wait behind data: what frames announce as data lies in
shared memory (see window.py), no more of it than fits there.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from rawbpf.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LARGEST", "Decoder", "Kind", "encode"]

LARGEST = 256
_HEAD = 3


class Kind(IntEnum):
    """What a frame means. The first group comes from the guest, the second goes to it."""

    READY = 1  # the kernel's release; from here on the host may speak
    STDOUT = 2  # u32: that much output is in the window
    STDERR = 3  # likewise
    OUT = 4  # likewise, a piece of the archive of /out
    GRANT = 5  # u32: that much of the input has been taken
    EXIT = 6  # u32: the command's wait status
    ALIVE = 7  # nothing to say, but not hung

    STDIN = 16  # u32: that much input is in the window
    END_OF_INPUT = 17
    SIGNAL = 18  # u32: its number
    SIZE = 19  # u16 rows, u16 columns: the window of the terminal has changed
    CLOSED = 20  # u32: nobody reads STDOUT or STDERR any more
    TAKEN = 21  # u32: that much of the output has gone where it belongs


_KINDS = frozenset(Kind)


def encode(kind: Kind, payload: bytes | int = b"") -> bytes:
    """One frame; a number becomes a u32.

    >>> encode(Kind.STDOUT, 2).hex(" ")
    '02 04 00 02 00 00 00'
    """
    if isinstance(payload, int):
        payload = payload.to_bytes(4, "little")
    return bytes([kind]) + len(payload).to_bytes(2, "little") + payload


class Decoder:
    r"""Frames out of bytes that arrive in any pieces.

    >>> decoder = Decoder()
    >>> list(decoder.feed(bytes.fromhex("02 04 00 02")))
    []
    >>> list(decoder.feed(bytes.fromhex("00 00 00")))
    [(<Kind.STDOUT: 2>, b'\x02\x00\x00\x00')]
    """

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Kind, bytes]]:
        """The frames that these bytes complete. Raises FormatError for what is no frame."""
        self._pending += data
        while len(self._pending) >= _HEAD:
            kind, size = self._pending[0], int.from_bytes(self._pending[1:_HEAD], "little")
            if kind not in _KINDS or size > LARGEST:
                raise FormatError("not a frame", why=f"kind {kind}, {size} bytes")
            if len(self._pending) < _HEAD + size:
                return
            payload = bytes(self._pending[_HEAD : _HEAD + size])
            del self._pending[: _HEAD + size]
            yield Kind(kind), payload
