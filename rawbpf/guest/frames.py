"""What host and guest say to each other over the serial line: typed frames, both ways.

A frame is one byte of kind, four of length (little-endian), then the payload. Both ends import
this file. The line is reliable (QEMU hands it to a socket), so there are no checksums. Neither end may
block it, or signals would wait behind data: input and output each have a window, and no more is
under way than the other end has room for.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

from rawbpf.errors import FormatError

__all__ = ["INPUT_WINDOW", "LARGEST", "OUTPUT_WINDOW", "Decoder", "Kind", "encode"]

INPUT_WINDOW = 8 << 10  # well below the 64 KiB that the guest's tty layer holds
OUTPUT_WINDOW = 64 << 10
LARGEST = OUTPUT_WINDOW
_HEAD = 5


class Kind(IntEnum):
    """What a frame means. The first group travels from the guest, the second to it."""

    READY = 1  # the kernel's release; from here on the host may speak
    STDOUT = 2
    STDERR = 3
    GRANT = 4  # u32: that many more bytes of input may be sent
    OUT = 5  # a piece of the archive of /out
    EXIT = 6  # i32: the command's wait status
    ALIVE = 7  # nothing to say, but not hung
    FAILED = 8  # the command could not be started; text

    STDIN = 16
    END_OF_INPUT = 17
    SIGNAL = 18  # u32: its number
    SIZE = 19  # u16 rows, u16 columns
    CLOSED = 20  # u8: nobody reads this stream (1 or 2) any more
    TAKEN = 21  # u32: that many bytes of output have gone where they belong


def encode(kind: Kind, payload: bytes = b"") -> bytes:
    """One frame.

    >>> encode(Kind.STDOUT, b"hi").hex(" ")
    '02 02 00 00 00 68 69'
    """
    return bytes([kind]) + len(payload).to_bytes(4, "little") + payload


_KINDS = frozenset(Kind)


class Decoder:
    """Frames out of bytes that arrive in any pieces.

    >>> decoder = Decoder()
    >>> list(decoder.feed(bytes.fromhex("02 02 00 00")))
    []
    >>> list(decoder.feed(bytes.fromhex("00 68 69")))
    [(<Kind.STDOUT: 2>, b'hi')]
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
