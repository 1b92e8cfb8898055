"""The terminal of the host, while a program in the guest uses it.

The guest's pseudo-terminal does the line editing and echo, so this one must not; only Ctrl+C
and its like still make signals here, so that a guest that has stopped answering can be left.
"""

from __future__ import annotations

import os
import termios
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["handed_over", "in_foreground", "window_size"]


def window_size() -> tuple[int, int]:
    """Rows and columns of the terminal that one of our streams is, or 24 x 80.

    COLUMNS and LINES do not count: what they say goes into the guest as they are.
    """
    for fd in (1, 0, 2):
        with suppress(OSError):
            columns, rows = os.get_terminal_size(fd)
            if rows and columns:  # a terminal may not know
                return rows, columns
    return 24, 80


def in_foreground(fd: int) -> bool:
    """Whether reading this terminal, or changing it, would not stop us with SIGTTIN or SIGTTOU."""
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return False


@contextmanager
def handed_over(fd: int | None) -> Iterator[None]:
    """Let bytes through as they are; restored at the end. None: there is no terminal."""
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
