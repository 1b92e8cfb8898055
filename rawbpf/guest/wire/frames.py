"""Messages between host and guest on the serial port, as typed frames in both directions.

A frame consists of a one-byte kind, a two-byte length (little-endian), and the payload. The serial
port is reliable (QEMU connects it to a socket), so there are no checksums. Data is not sent in
frames, because a signal would then have to wait until the data was sent. Instead, data is written
to shared memory (see window.py), and a frame announces its length. Without shared memory
(IN_FRAMES), frames contain the data itself.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from rawbpf.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LARGEST", "Decoder", "FrameKind", "encode", "number"]

LARGEST = 256
_HEAD = 3
_NUMBER = 4


class FrameKind(IntEnum):
    """The kinds of frames.

    The first group of frames is sent by the guest, and the second one by the host.
    """

    READY = 1  # the kernel's release; the host may send frames from now on
    STDOUT = 2  # u32: number of output bytes in the window
    STDERR = 3  # u32: the same
    OUT = 4  # u32: number of bytes of the archive of /out in the window
    GRANT = 5  # u32: number of input bytes that the command has read
    EXIT = 6  # u32: the command's wait status
    ALIVE = 7  # the guest is still running but has nothing to report
    TYPES = 9  # u32: number of bytes of the archive of type indexes in the window
    IN_FRAMES = 8  # sent before READY if there is no shared memory

    STDIN = 16  # u32: number of input bytes in the window
    END_OF_INPUT = 17
    SIGNAL = 18  # u32: the signal's number
    SIZE = 19  # u16 rows, u16 columns: the terminal's new size
    CLOSED = 20  # u32: STDOUT or STDERR, the stream whose reader is gone
    TAKEN = 21  # u32: number of output bytes that were written


_KINDS = frozenset(FrameKind)


def encode(kind: FrameKind, payload: bytes | int = b"") -> bytes:
    """Return a frame. A number is encoded as u32.

    >>> encode(FrameKind.STDOUT, 2).hex(" ")
    '02 04 00 02 00 00 00'
    """
    if isinstance(payload, int):
        payload = payload.to_bytes(4, "little")
    return bytes([kind]) + len(payload).to_bytes(2, "little") + payload


def number(payload: bytes) -> int:
    """Decode a payload that consists of one number.

    Raises FormatError if the payload is not four bytes long.
    """
    if len(payload) != _NUMBER:
        raise FormatError("invalid frame", why=f"invalid size of a number: {len(payload)} bytes")
    return int.from_bytes(payload, "little")


class Decoder:
    r"""Decodes the frames in a stream of bytes.

    >>> decoder = Decoder()
    >>> list(decoder.feed(bytes.fromhex("02 04 00 02")))
    []
    >>> list(decoder.feed(bytes.fromhex("00 00 00")))
    [(<FrameKind.STDOUT: 2>, b'\x02\x00\x00\x00')]
    """

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[FrameKind, bytes]]:
        """Yield the frames that these bytes complete. Raises FormatError if a frame is invalid."""
        self._pending += data
        while len(self._pending) >= _HEAD:
            kind, size = self._pending[0], int.from_bytes(self._pending[1:_HEAD], "little")
            if kind not in _KINDS or size > LARGEST:
                raise FormatError(
                    "invalid frame", why=f"unknown kind {kind} or invalid size {size}"
                )
            if len(self._pending) < _HEAD + size:
                return
            payload = bytes(self._pending[_HEAD : _HEAD + size])
            del self._pending[: _HEAD + size]
            yield FrameKind(kind), payload
