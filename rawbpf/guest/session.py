"""One run of a guest, on the host: QEMU is started, its lines relayed, its end understood.

The guest's two serial lines are socket pairs. The console is always read, whatever else waits, as
a full one would stop the kernel. Frames from the guest are written where they belong; then, and
not earlier, the guest may send as much again, so a slow reader slows the command down as it would
have here, and costs no memory.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import BinaryIO, NamedTuple

from rawbpf.errors import FormatError, GuestError
from rawbpf.guest import cpio, qemu
from rawbpf.guest.console import Console
from rawbpf.guest.frames import Kind
from rawbpf.guest.link import Line, Outlet
from rawbpf.guest.out import unpack
from rawbpf.guest.terminal import window_size

__all__ = ["Limits", "Session"]

_CHUNK = 64 << 10
_IMPATIENCE = 2.0  # seconds in which three Ctrl+C mean: leave the guest, whatever it does


class Limits(NamedTuple):
    """Bounds in seconds: until PID 1 reports, between two signs of life, for the whole run."""

    boot: float = 90
    silence: float = 60
    whole: float | None = None


class Session:
    """Runs one command in one guest; use once."""

    def __init__(
        self,
        limits: Limits = Limits(),
        *,
        stdin: int | None = 0,
        on_ready: Callable[[str], None] = lambda release: None,
        on_console: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._limits = limits
        self._on_ready = on_ready
        self._on_console = on_console
        self._console = Console()
        self._stdin = stdin
        self._granted = 0
        self._outlets = {Kind.STDOUT: Outlet(1), Kind.STDERR: Outlet(2)}
        self._out: BinaryIO | None = None
        self._ready = False
        self._status: int | None = None
        self._interrupts: list[float] = []
        self._on_frame: dict[Kind, Callable[[bytes], None]] = {
            Kind.READY: self._is_ready,
            Kind.STDOUT: lambda data: self._outlets[Kind.STDOUT].put(data),
            Kind.STDERR: lambda data: self._outlets[Kind.STDERR].put(data),
            Kind.GRANT: self._grant,
            Kind.OUT: self._take_out,
            Kind.EXIT: self._exited,
            Kind.ALIVE: lambda _: None,
        }

    def run(self, machine: qemu.Machine, image: int, out: Path | None = None) -> int:
        """The command's wait status. Raises GuestError when the guest did not get that far."""
        console, their_console = socket.socketpair()
        line, their_line = socket.socketpair()
        with console, their_console, line, their_line, tempfile.TemporaryFile() as self._out:
            process = qemu.start(machine, image, their_console.fileno(), their_line.fileno())
            their_console.close()
            their_line.close()
            self._line = Line(line)
            console.setblocking(False)
            try:
                with _Signals() as signals:
                    self._relay(console, signals)
            finally:
                process.kill()
                said = process.communicate()[0].decode(errors="replace").strip()
            if self._status is None:
                self._read_console(console)
                raise self._died(said)
            if out is not None:
                self._out.seek(0)
                unpack(cpio.decode(self._out), out)
        return self._status

    def _relay(self, console: socket.socket, signals: _Signals) -> None:
        started = heard = time.monotonic()
        while self._line.open and (self._status is None or any(self._outlets.values())):
            events = dict(self._poll(console, signals).poll(1000))
            now = time.monotonic()
            for number in signals.take():
                self._on_signal(number, now)
            if console.fileno() in events:
                self._read_console(console)
            if self._line.fileno() in events:
                heard = now
                self._line.flush()
                for kind, payload in self._line.receive():
                    self._on_frame[kind](payload)
            for outlet in self._outlets.values():
                if outlet.fd in events:
                    self._flush(outlet)
            if self._stdin is not None and self._stdin in events:
                self._read_stdin(self._stdin)
            self._check_time(now - started, now - heard)

    def _poll(self, console: socket.socket, signals: _Signals) -> select.poll:
        poll = select.poll()
        poll.register(console, select.POLLIN)
        poll.register(signals, select.POLLIN)
        poll.register(self._line, self._line.events())
        if self._stdin is not None and self._granted:
            poll.register(self._stdin, select.POLLIN)
        for outlet in self._outlets.values():
            if outlet:
                poll.register(outlet.fd, select.POLLOUT)
        return poll

    def _check_time(self, since_start: float, silent: float) -> None:
        limits = self._limits
        if not self._ready and since_start > limits.boot:
            raise self._hung(f"it did not start within {limits.boot:g} s")
        if self._ready and self._status is None and silent > limits.silence:
            raise self._hung(f"no sign of life for {limits.silence:g} s")
        if limits.whole is not None and since_start > limits.whole and self._status is None:
            raise self._hung(f"the command took longer than {limits.whole:g} s")

    def _flush(self, outlet: Outlet) -> None:
        was_closed = outlet.closed
        if taken := outlet.flush():
            self._line.send(Kind.TAKEN, taken.to_bytes(4, "little"))
        if outlet.closed and not was_closed:
            kind = Kind.STDOUT if outlet.fd == 1 else Kind.STDERR
            self._line.send(Kind.CLOSED, bytes([kind]))

    def _read_console(self, console: socket.socket) -> None:
        try:
            data = console.recv(_CHUNK)
        except (BlockingIOError, ConnectionResetError):
            return
        for line in self._console.feed(data):
            self._on_console(line)

    def _read_stdin(self, fd: int) -> None:
        try:
            data = os.read(fd, self._granted)
        except OSError:
            data = b""
        if data:
            self._granted -= len(data)
            self._line.send(Kind.STDIN, data)
        else:
            self._stdin = None
            self._line.send(Kind.END_OF_INPUT)

    def _is_ready(self, release: bytes) -> None:
        self._ready = True
        self._on_ready(release.decode())
        if self._stdin is None:
            self._line.send(Kind.END_OF_INPUT)

    def _grant(self, payload: bytes) -> None:
        self._granted += int.from_bytes(payload, "little")

    def _take_out(self, data: bytes) -> None:
        if self._out is not None:
            self._out.write(data)
        self._line.send(Kind.TAKEN, len(data).to_bytes(4, "little"))

    def _exited(self, payload: bytes) -> None:
        self._status = int.from_bytes(payload, "little")

    def _on_signal(self, number: int, now: float) -> None:
        if number == signal.SIGWINCH:
            if self._ready:
                self._line.send(Kind.SIZE, struct.pack("<2H", *window_size()))
            return
        self._interrupts = [at for at in self._interrupts if now - at < _IMPATIENCE] + [now]
        if not self._ready or self._status is not None or len(self._interrupts) > 2:
            raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)
        self._line.send(Kind.SIGNAL, number.to_bytes(4, "little"))

    def _hung(self, why: str) -> GuestError:
        return GuestError("the guest was stopped", why=why, details=self._console.text())

    def _died(self, said: str) -> GuestError:
        why = self._console.reason()
        if why is None:
            why = said.splitlines()[-1] if said else "it gave no reason"
        details = "\n".join(part for part in (said, self._console.text()) if part)
        return GuestError("the guest ended before its command did", why=why, details=details)


class _Signals:
    """Collects SIGINT, SIGTERM, SIGHUP and SIGWINCH instead of acting on them; wakes a poll."""

    _COLLECTED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGWINCH)

    def __enter__(self) -> _Signals:
        self._arrived: list[int] = []
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        self._before = [signal.signal(number, self._collect) for number in self._COLLECTED]
        self._wakeup_before = signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._wakeup_before)
        for number, handler in zip(self._COLLECTED, self._before, strict=True):
            signal.signal(number, handler)
        os.close(self._woken)
        os.close(self._waker)

    def fileno(self) -> int:
        """Readable when a signal has arrived."""
        return self._woken

    def take(self) -> list[int]:
        """The signals since the last call."""
        arrived = self._arrived[:]
        if arrived:
            os.read(self._woken, 512)
            del self._arrived[: len(arrived)]
        return arrived

    def _collect(self, number: int, _: FrameType | None) -> None:
        self._arrived.append(number)
