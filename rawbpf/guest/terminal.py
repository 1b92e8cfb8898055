"""The host's terminal and signals while a command runs in a guest.

The pseudo-terminal in the guest handles line editing and echo, so the host's terminal must not.
Ctrl+C and similar keys still produce signals on the host, so that a guest that no longer responds
can be stopped.
"""

from __future__ import annotations

import os
import signal
import termios
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = [
    "Signals",
    "handed_over",
    "in_foreground",
    "window_size",
]


def window_size() -> tuple[int, int]:
    """Return the number of rows and columns of the terminal on stdin, stdout or stderr, or 24 x 80.

    The variables COLUMNS and LINES are ignored here, because they are passed on to the guest.
    """
    for fd in (1, 0, 2):
        with suppress(OSError):
            columns, rows = os.get_terminal_size(fd)
            if rows and columns:  # a terminal may report a size of 0
                return rows, columns
    return 24, 80


def in_foreground(fd: int) -> bool:
    """Return whether this process may use the terminal without being stopped by SIGTTIN."""
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return False


@contextmanager
def handed_over(fd: int | None) -> Iterator[None]:
    """Pass input through without processing it, and restore the terminal at the end.

    None: no terminal.
    """
    if fd is None:
        yield
        return
    before = termios.tcgetattr(fd)
    now = termios.tcgetattr(fd)
    now[0] &= ~(termios.ICRNL | termios.IXON)
    now[1] &= ~termios.OPOST
    now[3] &= ~(termios.ICANON | termios.ECHO | termios.IEXTEN)
    termios.tcsetattr(fd, termios.TCSADRAIN, now)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


class Signals:
    """Collects SIGINT, SIGTERM, SIGHUP and SIGWINCH in a ``with`` block, for use in a poll loop."""

    _COLLECTED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGWINCH)

    def __enter__(self) -> Self:
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
        """Return a descriptor that becomes readable when a signal has been received."""
        return self._woken

    def take(self) -> list[int]:
        """Return the signals that arrived since the last call.

        Call ``take`` when ``fileno`` is readable.

        The descriptor becomes readable before the handler runs, so a signal may be returned by the
        next call instead, but is never lost.
        """
        os.read(self._woken, 512)
        arrived = self._arrived[:]
        del self._arrived[: len(arrived)]
        return arrived

    def _collect(self, number: int, _: FrameType | None) -> None:
        self._arrived.append(number)
