"""One run of a guest, seen from the host: relay streams, enforce limits, and find out how it ended.

The session is a loop around poll(2). The console is always read, because a full console buffer
would stop the kernel. Output from the guest is written first, and only then may the guest send the
same amount again. A slow reader therefore slows the command down, as it would on the host, and
output does not accumulate in memory.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import struct
import tempfile
import time
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import FormatError, GuestError, KernelError
from rawbpf.guest import kept, qemu
from rawbpf.guest.console import Console
from rawbpf.guest.received import Budget, Returned, release_of, status_of
from rawbpf.guest.streams import Line, Outlet
from rawbpf.guest.terminal import Signals, window_size
from rawbpf.guest.wire.frames import FrameKind, number
from rawbpf.guest.wire.out import unpack
from rawbpf.guest.wire.window import in_frames, windows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Callbacks", "Limits", "run"]

_CHUNK = 64 << 10
_TICK = 1000  # milliseconds between two checks of the time limits
_IMPATIENCE = 2.0  # the number of seconds within which three Ctrl+C stop the guest


class Limits(NamedTuple):
    """Time limits in seconds: to boot, between two frames from the guest, and for the command."""

    boot: float = 90
    silence: float = 60
    command: float | None = None


class Callbacks(NamedTuple):
    """Functions to call with the release of the running kernel, and with each console line."""

    ready: Callable[[str], None]
    console: Callable[[str], None]


def run(
    machine: qemu.Machine,
    initramfs: int,
    *,
    callbacks: Callbacks,
    limits: Limits,
    stdin: int | None = 0,
    out: Path | None = None,
    types: Callable[[bytes], object] | None = None,
) -> int:
    """Run the job in the initramfs (a file descriptor), and return the wait status of the command.

    Output is written to this process's stdout and stderr, and the contents of /out to the folder
    ``out``. ``types`` is called with each chunk of the archive of new type indexes, if the guest
    returns one. Raises GuestError if the guest ends before the command does.
    """
    with qemu.running(machine, initramfs) as guest, tempfile.TemporaryFile() as archive:
        keep = None if out is None else archive.write
        session = _Session(guest, stdin, keep, limits, callbacks, types)
        try:
            with Signals() as signals:
                session.relay(signals)
        finally:
            session.close()
        if session.status is None:
            raise session.died()
        if out is not None:
            archive.seek(0)
            unpack(archive, out)
        session.check_stdout()
        return session.status


class _Session:
    """The state of a guest run."""

    def __init__(
        self,
        guest: qemu.Running,
        stdin: int | None,
        keep: Callable[[bytes], object] | None,
        limits: Limits,
        callbacks: Callbacks,
        types: Callable[[bytes], object] | None = None,
    ) -> None:
        guest.console.setblocking(False)
        self._guest = guest
        self._stdin = stdin
        self._archives = {
            FrameKind.OUT: (keep, Returned(wanted=keep is not None)),
            FrameKind.TYPES: (
                types,
                Returned(wanted=types is not None, what="type indexes", largest=kept.LARGEST),
            ),
        }
        self._limits = limits
        self._callbacks = callbacks
        self._console = Console()
        self._line = Line(guest.line)
        self._output, self._input = windows(guest.memory)
        self._budget = Budget(self._output.room)
        self._outlets = {FrameKind.STDOUT: Outlet(1), FrameKind.STDERR: Outlet(2)}
        self._ready = False
        self._begun = 0.0
        self._interrupts: list[float] = []
        self.status: int | None = None
        self._on_frame: dict[FrameKind, Callable[[bytes], None]] = {
            FrameKind.READY: self._is_ready,
            FrameKind.IN_FRAMES: self._without_memory,
            FrameKind.STDOUT: lambda data: self._outlets[FrameKind.STDOUT].put(self._data(data)),
            FrameKind.STDERR: lambda data: self._outlets[FrameKind.STDERR].put(self._data(data)),
            FrameKind.OUT: lambda data: self._take(FrameKind.OUT, data),
            FrameKind.TYPES: lambda data: self._take(FrameKind.TYPES, data),
            FrameKind.GRANT: lambda size: self._input.taken(number(size)),
            FrameKind.EXIT: self._exited,
            FrameKind.ALIVE: lambda _: None,
        }

    def check_stdout(self) -> None:
        """Raises KernelError if stdout cannot be written.

        A closed pipe is not treated as an error.
        """
        error = self._outlets[FrameKind.STDOUT].error
        if error is not None and not isinstance(error, BrokenPipeError):
            raise KernelError("cannot write to stdout", errno=error.errno or errno.EIO)

    def close(self) -> None:
        """Release the shared memory."""
        self._output.close()
        self._input.close()

    def relay(self, signals: Signals) -> None:
        """Relay data until the command has ended and its output is written, or the guest ends."""
        self._begun = heard = time.monotonic()
        while any(self._outlets.values()) or (self.status is None and self._line.open):
            ready = {fd for fd, _ in self._poll(signals).poll(_TICK)}
            now = time.monotonic()
            if signals.fileno() in ready:
                for number in signals.take():
                    self._on_signal(number, now)
            if self._line.fileno() in ready:
                heard = now
            self._handle(ready)
            self._check_time(now - self._begun, now - heard)
        self._read_console()

    def _poll(self, signals: Signals) -> select.poll:
        poll = select.poll()
        poll.register(signals, select.POLLIN)
        if self._line.open:
            poll.register(self._guest.console, select.POLLIN)
            poll.register(self._line, self._line.events())
        if self._stdin is not None and self._ready and self._input.room:
            poll.register(self._stdin, select.POLLIN)
        for outlet in self._outlets.values():
            if outlet:
                poll.register(outlet.fd, select.POLLOUT)
        return poll

    def _handle(self, ready: set[int]) -> None:
        if self._guest.console.fileno() in ready:
            self._read_console()
        if self._line.fileno() in ready:
            self._line.flush()
            for kind, payload in self._line.receive():
                early = kind in (FrameKind.READY, FrameKind.IN_FRAMES)
                if kind not in self._on_frame or early == self._ready or self.status is not None:
                    raise FormatError(f"unexpected {kind.name} frame from the guest")
                self._on_frame[kind](payload)
        for kind, outlet in self._outlets.items():
            if outlet.fd in ready:
                self._flush(kind, outlet)
        if self._stdin is not None and self._stdin in ready:
            self._read_stdin(self._stdin)

    def _flush(self, kind: FrameKind, outlet: Outlet) -> None:
        was_closed = outlet.closed
        if taken := outlet.flush():
            self._budget.remove(taken)
            self._line.send(FrameKind.TAKEN, taken)
        if outlet.closed and not was_closed:
            self._line.send(FrameKind.CLOSED, int(kind))

    def _read_console(self) -> None:
        try:
            data = self._guest.console.recv(_CHUNK)
        except (BlockingIOError, ConnectionResetError):
            return
        for line in self._console.feed(data):
            self._callbacks.console(line)

    def _read_stdin(self, fd: int) -> None:
        try:
            data = os.read(fd, min(_CHUNK, self._input.fits))
        except OSError:
            data = b""
        if data:
            self._line.send(FrameKind.STDIN, self._input.send(data))
        else:
            self._stdin = None
            self._line.send(FrameKind.END_OF_INPUT)

    def _is_ready(self, release: bytes) -> None:
        name = release_of(release)
        self._ready = True
        self._begun = time.monotonic()
        self._callbacks.ready(name)
        self._tell_size()  # the size may have changed during boot
        if self._stdin is None:
            self._line.send(FrameKind.END_OF_INPUT)

    def _without_memory(self, _: bytes) -> None:
        self._output, self._input = in_frames()
        self._budget = Budget(self._output.room)

    def _data(self, payload: bytes) -> bytes:
        data = self._output.receive(payload)
        self._budget.add(len(data))
        return data

    def _take(self, kind: FrameKind, payload: bytes) -> None:
        """Process a part of an archive."""
        data = self._data(payload)
        keep, returned = self._archives[kind]
        returned.add(len(data))
        if keep is not None:
            keep(data)
        self._budget.remove(len(data))
        self._line.send(FrameKind.TAKEN, len(data))

    def _exited(self, payload: bytes) -> None:
        self.status = status_of(payload)

    def _on_signal(self, number: int, now: float) -> None:
        """Pass a signal to the command.

        If no command is running, or after Ctrl+C was pressed three times, the guest is stopped.
        """
        if number == signal.SIGWINCH:
            self._tell_size()
            return
        self._interrupts = [at for at in self._interrupts if now - at < _IMPATIENCE] + [now]
        if not self._ready or self.status is not None or len(self._interrupts) > 2:
            raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)
        self._line.send(FrameKind.SIGNAL, number)

    def _tell_size(self) -> None:
        if self._ready:
            self._line.send(FrameKind.SIZE, struct.pack("<2H", *window_size()))

    def _check_time(self, elapsed: float, silent: float) -> None:
        """Check limits.

        ``elapsed`` is the time in seconds that the boot or the command has taken so far.
        """
        limits = self._limits
        if self.status is not None:
            return
        if not self._ready:
            if elapsed > limits.boot:
                raise self._hung(f"the guest did not boot within {limits.boot:g} s")
        elif silent > limits.silence:
            raise self._hung(f"the guest did not respond for {limits.silence:g} s")
        elif limits.command is not None and elapsed > limits.command:
            raise self._hung(f"the command ran longer than {limits.command:g} s")

    def _hung(self, why: str) -> GuestError:
        return GuestError("the guest was stopped", why=why, details=self._console.text())

    def died(self) -> GuestError:
        """Return the error for a guest that ended before its command did."""
        said = self._guest.said.read_text(errors="replace").strip()
        complaints = [line for line in said.splitlines() if line.startswith("qemu")]
        why, fix = self._console.reason() or next(iter(complaints), None), None
        if why is None:
            why = "the reason is unknown"
            fix = (
                None
                if self._ready
                else ("check --memory, and make sure that --kernel is a kernel image")
            )
        details = "\n".join(part for part in (said, self._console.text()) if part)
        return GuestError("the guest ended before its command", why=why, fix=fix, details=details)
