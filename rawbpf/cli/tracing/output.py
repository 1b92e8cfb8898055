"""Output of all tracing commands: records, signals, slow readers, and the end of a run.

The reader of stdout may be slow (a terminal stopped with Ctrl+S), out of space (a disk) or gone
(``| head``). A slow or missing reader must never keep the command from removing its probes. The
command therefore never writes to stdout itself: a separate thread writes from a queue. While the
queue is too long, the command does not drain the rings. Records are then lost in the ring, where
the program counts them, rather than in this process, where they would not be counted.

A command has two formats, one for people and one for programs, which are derived from
``TextFormat`` and ``JsonFormat``, and does this:

    with Output(keep_caps=arguments["--keep-caps"]) as out:
        with Session(...) as session, out.controlling(session):
            ... attach ...
            out.stream(session, duration, show, detach)
        out.put(show.end(session.ledger.summary()))
        return out.finish()

Once the programs are attached, the command drops the capabilities that tracing no longer needs
(``rawbpf.kernel.needs``). Capabilities belong to threads, and a new thread inherits the
capabilities of its creator. The writing thread, like any other thread, must therefore be started
after the capabilities have been dropped. Any earlier output waits in the queue.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from collections import deque
from contextlib import contextmanager
from threading import Condition, Thread

import rawbpf
from rawbpf.cli.terminal import say
from rawbpf.errors import KernelError, RawbpfError
from rawbpf.kernel.needs import kept_after_attaching, needed_to_import
from rawbpf.light_typing import TYPE_CHECKING, Protocol, TypeVar
from rawbpf.output.text import for_terminal
from rawbpf.syscall.capset import drop_for_good

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import FrameType
    from typing import Any, Self

    from rawbpf.reading.session import Session

__all__ = [
    "Format",
    "JsonFormat",
    "Output",
    "Stdout",
    "TextFormat",
    "as_bytes",
    "note_namespace",
    "signals",
]

R = TypeVar("R")
Shown = TypeVar("Shown", contravariant=True)

_BACKLOG = 1 << 21
"""The number of queued output bytes at which the rings are no longer drained."""

_GRACE = 5.0
"""The number of seconds without progress after which ``finish`` gives up on stdout's reader."""

_CHUNK = 1 << 13
"""Bytes per write.

A reader that takes this many bytes within the grace period is slow but not gone."""

_LARGE_CHUNK = 1 << 16
"""The number of bytes per write while the reader is fast: a pipe's capacity, which is about 700
lines."""

_FAST = 0.05
"""The maximum duration of a write, in seconds, while the reader is fast."""

_REASONS = {
    "duration": "Duration elapsed",
    "SIGINT": "Received Ctrl+C",
    "SIGTERM": "Received SIGTERM",
    "SIGHUP": "Received SIGHUP",
    "hang-up": "The reader of the output is gone",
}
"""The reasons why a session has ended, worded for people."""


def as_bytes(text: str) -> bytes:
    """Return text for stdout, after escaping characters that a terminal would interpret."""
    return for_terminal(text).encode(errors="backslashreplace")


class Format(Protocol[Shown]):
    """The format in which a command presents its records.

    Each method returns text for stdout, or an empty result.
    """

    def blocks(self, batch: Sequence[Shown]) -> Iterator[bytes]:
        """Format records, each ending with a newline, in blocks that are written one at a time."""

    def stopping(self, reason: str) -> str:
        """Format the reason why the session ends, before the programs are detached."""


class TextFormat:
    """The base class of formats for people, which write everything to stdout."""

    detaching = "detaching"

    def stopping(self, reason: str) -> str:
        """Return the line that says why the session ends."""
        return f"\n{reason}, {self.detaching}...\n"

    def end(self, summary: str) -> str:
        """Return the ledger's summary."""
        return f"\n{summary}\n"


class JsonFormat:
    """The base class of formats for programs, which write only JSON objects to stdout."""

    def __init__(self) -> None:
        from json import dumps  # imported only for --json

        self._dumps = dumps

    def line(self, row: dict[str, Any]) -> str:
        """Return one object as a line of JSON."""
        return self._dumps(row) + "\n"

    def stopping(self, reason: str) -> str:
        """Report on stderr, with -v, why the session ends."""
        say(f"{reason}, detaching", at="debug")
        return ""

    def end(self, summary: str) -> str:
        """Report the ledger's summary on stderr."""
        say(summary)
        return ""


class Output:
    """The stdout of a tracing command while it runs.

    However the ``with`` block ends, the queued text is written first.

    Unless ``keep_caps`` is set, capabilities are dropped once the programs are attached.
    """

    def __init__(self, *, keep_caps: bool) -> None:
        self._keep_caps = keep_caps
        self._session: Session[Any] | None = None
        self._stdout = Stdout(on_error=self._unwritable)
        self.put, self.has_room = self._stdout.put, self._stdout.has_room

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._stdout.finish()

    @contextmanager
    def controlling(self, session: Session[Any]) -> Iterator[None]:
        """Stop ``session`` on signals, if stdout is closed, or if a write fails."""
        self._session = session
        try:
            with signals(session.stop, session.wake_fd):
                session.stop_on_hang_up(1)
                yield
        finally:
            self._session = None

    def attached(self, *, rings_grow: bool = True) -> None:
        """Drop capabilities, and start writing.

        Call this method once all programs are attached.

        ``rings_grow`` means that perf rings may be replaced by larger ones. A second call has no
        effect.
        """
        if not self._stdout.started and not self._keep_caps:
            drop_capabilities(rings_grow=rings_grow)
        self._stdout.start()

    def stream(
        self,
        session: Session[R],
        duration: float | None,
        show: Format[R],
        detach: Callable[[], Iterable[Sequence[R]]],
    ) -> None:
        """Print records until the session ends, detach, and print what ``detach`` returns."""
        self.attached()
        for batch in session.batches(duration or None):
            for block in show.blocks(batch):
                self.put(block)
                self.hold_back(session)
        self.put(show.stopping(_REASONS[session.stopped or "duration"]))
        read = True
        for batch in detach():
            for block in show.blocks(batch):
                self.put(block)
                read = (
                    read and self.has_room()
                )  # once the reader is gone, there is no point in waiting again

    def hold_back(self, session: Session[Any]) -> None:
        """Stop draining the rings while the reader of stdout is too slow."""
        out = self._stdout
        while out.backlog > _BACKLOG and session.stopped is None and out.error is None:
            session.pause(0.05)

    def finish(self) -> int:
        """Wait until everything has been written, and return the exit status.

        Raises RawbpfError if some of the output could not be written. It is not an error if the
        reader closes the pipe early, as ``head`` does.
        """
        unwritten = self._stdout.finish()
        error = self._stdout.error
        if error is not None and error.errno == errno.EPIPE:
            say("stdout was closed by its reader", at="debug")
            return 0
        if error is not None or unwritten:
            why = os.strerror(error.errno or 0) if error else "nobody reads it"
            raise RawbpfError(f"{unwritten} lines could not be written to stdout", why=why)
        return 0

    def _unwritable(self) -> None:
        """Stop the session because its output cannot be written.

        The writing thread calls this method.
        """
        session = self._session
        if session is not None:
            session.stop("hang-up")


class Stdout:
    """Writes text to a descriptor on a separate thread, which also calls ``on_error``.

    The thread starts with ``start``, or when a method waits for the thread.
    """

    def __init__(self, fd: int = 1, on_error: Callable[[], None] = lambda: None) -> None:
        self._fd = fd
        self._on_error = on_error
        self._queue: deque[bytes] = deque()
        self._changed = Condition()
        self._done = False
        self._chunk = _CHUNK
        self._written = 0  # the number of bytes in the first item of the queue
        self.backlog = 0
        self.error: OSError | None = None
        # The thread is a daemon thread, so that a write that never returns does not keep the
        # process from ending.
        self._thread = Thread(target=self._run, name="stdout", daemon=True)

    @property
    def started(self) -> bool:
        """Whether any text is still being written."""
        return self._thread.ident is not None

    def start(self) -> None:
        """Begin to write. A second call has no effect."""
        if not self.started:
            self._thread.start()

    def put(self, text: str | bytes) -> None:
        """Queue text that ends with a newline, and return immediately.

        Bytes are written unchanged, so the code that formats blocks of records must escape any text
        in them.
        """
        data = text if isinstance(text, bytes) else as_bytes(text)
        with self._changed:
            self._queue.append(data)
            self.backlog += len(data)
            self._changed.notify_all()

    def has_room(self, most: int = _BACKLOG) -> bool:
        """Wait until at most ``most`` bytes are queued. Returns False if the reader is gone."""
        self.start()
        with self._changed:
            while self.backlog > most and self.error is None:
                if not self._changed.wait(_GRACE):
                    return False
            return self.error is None

    def finish(self) -> int:
        """Wait until everything has been written, and return the number of unwritten lines."""
        self.start()
        with self._changed:
            self._done = True
            self._changed.notify_all()
            while self.backlog and self.error is None:
                if not self._changed.wait(_GRACE):  # each write notifies
                    break
            unwritten = sum(data.count(b"\n") for data in self._queue)
            if self._queue:
                unwritten -= self._queue[0].count(b"\n", 0, self._written)
        if not unwritten:
            # The thread is about to end. Cancelling the thread when the process exits would require
            # libgcc_s, which small systems may lack.
            self._thread.join()
        return unwritten

    def _run(self) -> None:
        try:
            while self._write_next():
                pass
        except OSError as error:
            with self._changed:
                self.error = error
                self._changed.notify_all()
            self._on_error()

    def _write_next(self) -> bool:
        """Write from the front of the queue, and remove what has been written."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._done)
            if not self._queue:
                return False
            if not self._written:
                self._join_small()
            data = memoryview(self._queue[0])[self._written :][: self._chunk]
        began = time.monotonic()
        written = os.write(self._fd, data)
        self._chunk = _LARGE_CHUNK if time.monotonic() - began < _FAST else _CHUNK
        with self._changed:
            self._written += written
            if self._written == len(self._queue[0]):
                self._queue.popleft()
                self._written = 0
            self.backlog -= written
            self._changed.notify_all()
        return True

    def _join_small(self) -> None:
        """Join small items at the front of the queue, so that a single call writes them."""
        parts = [self._queue.popleft()]
        size = len(parts[0])
        while self._queue and size + len(self._queue[0]) <= _LARGE_CHUNK:
            parts.append(self._queue.popleft())
            size += len(parts[-1])
        self._queue.appendleft(parts[0] if len(parts) == 1 else b"".join(parts))


def drop_capabilities(*, rings_grow: bool) -> None:
    """Drop those capabilities of this thread that tracing does not need after attaching."""
    try:
        kept = drop_for_good(
            lambda held: kept_after_attaching(held, rings_grow=rings_grow),
            lambda: needed_to_import([*rawbpf.__path__, *sys.path]),
        )
    except KernelError as error:  # a seccomp filter may deny the call, but tracing still works
        say(f"cannot drop capabilities: {error}", at="warning")
    else:
        say(f"capabilities kept while tracing: {' '.join(sorted(kept)) or 'none'}", at="debug")


def note_namespace() -> None:
    """Report on stderr whose process IDs are printed if they differ from those the user sees."""
    from rawbpf.tracing.process_ids import in_initial_pid_namespace

    if not in_initial_pid_namespace():
        say("process IDs refer to the initial PID namespace, not to this one")


@contextmanager
def signals(stop: Callable[[str], None], wake_fd: int) -> Iterator[None]:
    """Make SIGINT, SIGTERM and SIGHUP call ``stop`` with their names, and interrupt any sleep.

    If SIGHUP was ignored when the process started, as under nohup(1), it stays ignored.
    """

    def on_signal(number: int, _frame: FrameType | None) -> None:
        stop(signal.Signals(number).name)

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    before = [(number, signal.signal(number, on_signal)) for number in numbers]
    # A signal that arrives just before a sleep writes to this pipe, which then ends the sleep
    # immediately.
    wake_before = signal.set_wakeup_fd(wake_fd, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(wake_before)
        for number, handler in before:
            signal.signal(number, handler)
