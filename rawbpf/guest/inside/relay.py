"""Relay the command's streams from the guest to the host.

The relay is a loop around poll(2). Output is sent as fast as the host accepts it, input is written
as fast as the command accepts it, and neither delays control frames (signals, window size).
"""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from rawbpf.guest.inside.spawn import Streams, set_size
from rawbpf.guest.wire import frames
from rawbpf.guest.wire.frames import Decoder, FrameKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.guest.wire.window import Channel

__all__ = ["Line", "Relay"]

_CHUNK = 64 << 10
_ALIVE_EVERY = 2000  # milliseconds
# The number of milliseconds without output after which draining ends even if streams are open.
_DRAIN = 200
_LEFT_OVER = 1 << 20  # larger than the capacity of a pipe
_VINTR = b"\x03"


class Line:
    """The serial port that is connected to the host."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._decoder = Decoder()

    def send(self, kind: FrameKind, payload: bytes | int = b"") -> None:
        """Write one frame."""
        rest = memoryview(frames.encode(kind, payload))
        while rest:
            rest = rest[os.write(self.fd, rest) :]

    def receive(self) -> list[tuple[FrameKind, bytes]]:
        """Return the frames that have been received completely."""
        return list(self._decoder.feed(os.read(self.fd, _CHUNK)))


class Relay:
    """Relays data until the command has ended and its output has been sent."""

    def __init__(self, line: Line, windows: tuple[Channel, Channel], streams: Streams) -> None:
        self._line = line
        self._window, self._input_window = windows
        self._terminal = streams.terminal
        self._stdin: int | None = streams.ours[0]
        # In this order, a terminal that is both stdout and stderr counts as stdout.
        self._outputs = {streams.ours[2]: FrameKind.STDERR, streams.ours[1]: FrameKind.STDOUT}
        self._input = bytearray()
        self._end_of_input = False
        self._forwarded = 0
        self._child = 0
        self._status: int | None = None
        self._woken, waker = os.pipe()
        os.set_blocking(waker, False)
        os.set_blocking(self._woken, False)
        signal.set_wakeup_fd(waker)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._on_frame: dict[FrameKind, Callable[[bytes], None]] = {
            FrameKind.STDIN: self._take_input,
            FrameKind.END_OF_INPUT: self._no_more_input,
            FrameKind.SIGNAL: self._signal,
            FrameKind.SIZE: self._resize,
            FrameKind.CLOSED: self._closed,
            FrameKind.TAKEN: self._taken,
        }

    def run(self, child: int) -> int:
        """Relay data until the child has ended, and return the child's wait status."""
        self._child = child
        while self._status is None:
            self._turn(_ALIVE_EVERY)
            self._reap()
        self._drain()
        return self._status

    def _drain(self) -> None:
        """Forward the command's remaining output, but not what other processes still write."""
        left = _LEFT_OVER
        while self._outputs and left > 0:
            before = self._forwarded
            happened = self._turn(_DRAIN)
            if not happened and self._window.room:
                return
            left -= self._forwarded - before
            self._reap()

    def send_data(self, kind: FrameKind, data: bytes) -> None:
        """Send as much data as the host has room for."""
        rest = memoryview(data)
        while rest:
            while self._window.room == 0:
                self._turn(_ALIVE_EVERY)
            piece = rest[: self._window.fits]
            self._line.send(kind, self._window.send(piece))
            rest = rest[len(piece) :]

    def _turn(self, timeout: int) -> bool:
        """Wait once, and handle the events that occurred. Return False if there was no event."""
        poll = select.poll()
        poll.register(self._line.fd, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        if self._window.room:
            for fd in self._outputs:
                poll.register(fd, select.POLLIN)
        if self._stdin is not None and (self._input or self._end_of_input):
            both = select.POLLIN if self._window.room and self._stdin in self._outputs else 0
            poll.register(self._stdin, select.POLLOUT | both)
        ready = poll.poll(timeout)
        if not ready:
            self._line.send(FrameKind.ALIVE)
            return False
        for fd, event in ready:
            self._handle(fd, event)
        return True

    def _handle(self, fd: int, event: int) -> None:
        if fd == self._line.fd:
            for kind, payload in self._line.receive():
                self._on_frame[kind](payload)
        elif fd == self._woken:
            os.read(fd, 512)
        else:
            if fd == self._stdin and event & (select.POLLOUT | select.POLLERR):
                self._feed()
            if fd in self._outputs and event & (select.POLLIN | select.POLLHUP):
                self._forward(fd)

    def _forward(self, fd: int) -> None:
        """Read from a stream and send the data.

        At its end, a pipe returns b"", whereas a terminal fails with EIO.
        """
        try:
            data = os.read(fd, min(self._window.room, _CHUNK))
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._forwarded += len(data)
            self.send_data(self._outputs[fd], data)
        else:
            del self._outputs[fd]

    def _feed(self) -> None:
        """Write input to the command, and allow the host to send the same amount again."""
        if self._stdin is None:
            return
        try:
            count = os.write(self._stdin, self._input) if self._input else 0
        except BlockingIOError:
            return
        except OSError:  # the command has closed stdin or has ended
            count, self._end_of_input = len(self._input), True
        del self._input[:count]
        if count:
            self._line.send(FrameKind.GRANT, count)
        if self._end_of_input and not self._input:
            if self._stdin != self._terminal:
                os.close(self._stdin)
            self._stdin = None

    def _take_input(self, payload: bytes) -> None:
        self._input += self._input_window.receive(payload)

    def _no_more_input(self, _: bytes) -> None:
        self._end_of_input = True

    def _signal(self, payload: bytes) -> None:
        number = int.from_bytes(payload, "little")
        if number == signal.SIGINT and self._terminal >= 0 and self._stdin == self._terminal:
            with suppress(BlockingIOError):  # the terminal's buffer is full
                os.write(self._terminal, _VINTR)  # the terminal sends SIGINT
        elif self._status is None:
            try:
                os.killpg(self._child, number)
            except ProcessLookupError:  # the process has not yet called setsid()
                os.kill(self._child, number)

    def _resize(self, payload: bytes) -> None:
        if self._terminal >= 0:
            set_size(self._terminal, *memoryview(payload).cast("H"))

    def _closed(self, payload: bytes) -> None:
        """Close the stream, so that the command gets EPIPE as it would on the host."""
        gone = FrameKind(payload[0])
        for fd in [fd for fd, kind in self._outputs.items() if kind == gone]:
            del self._outputs[fd]
            os.close(fd)

    def _taken(self, payload: bytes) -> None:
        self._window.taken(int.from_bytes(payload, "little"))

    def _reap(self) -> None:
        """Reap all processes that have ended. PID 1 is the parent of all orphaned processes."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._child:
                self._status = status
