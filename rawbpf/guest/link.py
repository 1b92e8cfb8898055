"""The host's ends: the line to the guest, and the streams that the guest's output goes to.

Nothing here ever blocks: what cannot be written now is kept, and the loop asks poll(2) when it
can. A stream's descriptor is shared with other processes, so it is not set non-blocking; instead
at most PIPE_BUF bytes are written once it is writable, which a pipe then takes at once (pipe(7)).
"""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING

from rawbpf.guest.wire import frames
from rawbpf.guest.wire.frames import Decoder, Kind

if TYPE_CHECKING:
    import socket

__all__ = ["Line", "Outlet"]

_CHUNK = 64 << 10


class Line:
    """Frames to and from the guest; ``open`` until QEMU has closed its end."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._socket = end
        self._outgoing = bytearray()
        self._decoder = Decoder()
        self.open = True

    def fileno(self) -> int:
        """The descriptor to poll."""
        return self._socket.fileno()

    def events(self) -> int:
        """What to poll for."""
        return select.POLLIN | (select.POLLOUT if self._outgoing else 0)

    def send(self, kind: Kind, payload: bytes | int = b"") -> None:
        """Send a frame as soon as the line takes it."""
        self._outgoing += frames.encode(kind, payload)
        self.flush()

    def flush(self) -> None:
        """Send what the line takes now."""
        try:
            while self._outgoing:
                del self._outgoing[: self._socket.send(self._outgoing)]
        except BlockingIOError:
            pass
        except OSError:
            self._outgoing.clear()  # QEMU is gone; the reading side finds out

    def receive(self) -> list[tuple[Kind, bytes]]:
        """The frames that have arrived whole."""
        try:
            data = self._socket.recv(_CHUNK)
        except BlockingIOError:
            return []
        except ConnectionResetError:
            data = b""
        self.open = bool(data)
        return list(self._decoder.feed(data))


class Outlet:
    """One of this process's output streams, and what is waiting to go there."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.closed = False
        self.error: OSError | None = None
        self._waiting = bytearray()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, data: bytes) -> None:
        """Keep data until ``flush``; the guest's window bounds how much that can be."""
        self._waiting += data

    def flush(self) -> int:
        """Write once what the stream takes; how many bytes are now off our hands."""
        if self.closed:
            count = len(self._waiting)
        else:
            try:
                count = os.write(self.fd, self._waiting[: select.PIPE_BUF])
            except BlockingIOError:
                count = 0
            except OSError as error:  # its reader has gone, or the disk is full
                self.closed, self.error = True, error  # the command is told
                count = len(self._waiting)
        del self._waiting[:count]
        return count
