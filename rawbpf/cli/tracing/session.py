"""What commands that trace have in common: signals, a slow reader of our output, the end."""

from __future__ import annotations

import errno
import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rawbpf.cli.terminal import say
from rawbpf.errors import RawbpfError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from rawbpf.cli.tracing.stdout import Stdout
    from rawbpf.reading.session import Session

__all__ = ["REASONS", "close_stdout", "hold_back", "signals"]

_BACKLOG = 1 << 22
"""Bytes of unwritten output at which we stop emptying the rings."""

REASONS = {
    "duration": "Duration elapsed",
    "SIGINT": "Received Ctrl+C",
    "SIGTERM": "Received SIGTERM",
    "SIGHUP": "Received SIGHUP",
    "hang-up": "Nobody reads the output any more",
}
"""Why a session ended, for people."""


def hold_back(session: Session[Any], out: Stdout) -> None:
    """Leave the rings alone while the reader of our output is behind."""
    while out.backlog > _BACKLOG and not session.over and out.error is None:
        session.pause(0.05)


def close_stdout(out: Stdout) -> int:
    """Wait for the last line to be written; say so if it could not be."""
    unwritten = out.finish()
    error = out.error
    if error is not None and error.errno == errno.EPIPE:
        # Whoever read us has seen enough, as `head` does. That is no failure.
        say("stdout was closed by its reader", at="debug")
        return 0
    if error is not None or unwritten:
        why = os.strerror(error.errno or 0) if error else "nobody reads it"
        raise RawbpfError(f"{unwritten} lines could not be written to stdout", why=why)
    return 0


@contextmanager
def signals(stop: Callable[[str], None], wake_fd: int) -> Iterator[None]:
    """Ctrl+C, SIGTERM and SIGHUP end the session; the wake-up descriptor ends its sleep.

    Not SIGHUP, where it was ignored when we started: that is what nohup(1) does, and for that end.
    """

    def on_signal(number: int, _frame: FrameType | None) -> None:
        stop(signal.Signals(number).name)

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    before = [(number, signal.signal(number, on_signal)) for number in numbers]
    # A signal that arrives just before we sleep writes to the pipe, so the sleep ends at once.
    wake_before = signal.set_wakeup_fd(wake_fd, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(wake_before)
        for number, handler in before:
            signal.signal(number, handler)
