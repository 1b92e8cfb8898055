"""The host's ends of the streams: the serial port of the guest, and the output streams.

Nothing here blocks. Data that cannot be written immediately is kept until poll(2) reports that the
stream is writable. The descriptor of an output stream is shared with other processes, so it must
not be made non-blocking. Instead, at most PIPE_BUF bytes are written when the stream is writable,
which a pipe always accepts (pipe(7)).
"""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING

from rawbpf.guest.wire import frames
from rawbpf.guest.wire.frames import Decoder, FrameKind

if TYPE_CHECKING:
    import socket

__all__ = ["Line", "Outlet"]

_CHUNK = 64 << 10


class Line:
    """Sends frames to the guest, and receives frames from the guest.

    ``open`` becomes False when QEMU closes its end.
    """

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._socket = end
        self._outgoing = bytearray()
        self._decoder = Decoder()
        self.open = True

    def fileno(self) -> int:
        """Return the descriptor for poll(2)."""
        return self._socket.fileno()

    def events(self) -> int:
        """Return the events to pass to poll(2)."""
        return select.POLLIN | (select.POLLOUT if self._outgoing else 0)

    def send(self, kind: FrameKind, payload: bytes | int = b"") -> None:
        """Queue a frame, which is sent as soon as the serial port accepts it."""
        self._outgoing += frames.encode(kind, payload)
        self.flush()

    def flush(self) -> None:
        """Send as much data as the serial port accepts now."""
        try:
            while self._outgoing:
                del self._outgoing[: self._socket.send(self._outgoing)]
        except BlockingIOError:
            pass
        except OSError:
            self._outgoing.clear()  # QEMU has ended, which receive() reports

    def receive(self) -> list[tuple[FrameKind, bytes]]:
        """Return the frames that have been received completely."""
        try:
            data = self._socket.recv(_CHUNK)
        except BlockingIOError:
            return []
        except ConnectionResetError:
            data = b""
        self.open = bool(data)
        return list(self._decoder.feed(data))


class Outlet:
    """An output stream of this process, with the data waiting to be written to it."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.closed = False
        self.error: OSError | None = None
        self._waiting = bytearray()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, data: bytes) -> None:
        """Store data, which the next call of ``flush`` writes.

        The amount of data is limited by the guest's window.
        """
        self._waiting += data

    def flush(self) -> int:
        """Write once. Return the number of bytes that are no longer pending."""
        if self.closed:
            count = len(self._waiting)
        else:
            try:
                count = os.write(self.fd, self._waiting[: select.PIPE_BUF])
            except BlockingIOError:
                count = 0
            except OSError as error:  # the reader is gone, or the disk is full
                self.closed, self.error = True, error  # the error is reported to the command
                count = len(self._waiting)
        del self._waiting[:count]
        return count
