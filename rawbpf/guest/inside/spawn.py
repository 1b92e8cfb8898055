"""Start the command in the guest, with pipes or a terminal as its streams, as on the host.

If a stream is a terminal on the host, the command gets a pseudo-terminal, so that ``isatty``
returns the same result. Other streams are pipes, so that stdout and stderr remain separate.
"""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import termios
from typing import NamedTuple

__all__ = ["Streams", "open_streams", "set_size", "start"]


class Streams(NamedTuple):
    """The ends of the command's streams: ``ours`` belong to PID 1, ``theirs`` to the command.

    Streams that are terminals share one descriptor, ``terminal``, which is -1 if no stream is a
    terminal.
    """

    ours: tuple[int, int, int]
    theirs: tuple[int, int, int]
    terminal: int


def open_streams(ttys: tuple[bool, bool, bool], size: tuple[int, int]) -> Streams:
    """Open pipes, and one pseudo-terminal of ``size`` (rows, columns) for all terminal streams."""
    terminal, slave = os.openpty() if any(ttys) else (-1, -1)
    if terminal >= 0:
        set_size(terminal, *size)
    ours, theirs = [], []
    for number, is_tty in enumerate(ttys):
        if is_tty:
            pair = terminal, slave
        elif number == 0:
            pair = os.pipe()[::-1]
        else:
            pair = os.pipe()
        ours.append(pair[0])
        theirs.append(pair[1])
    for fd in ours:
        os.set_blocking(fd, False)
    return Streams((ours[0], ours[1], ours[2]), (theirs[0], theirs[1], theirs[2]), terminal)


def set_size(terminal: int, rows: int, columns: int) -> None:
    """Set the size of the terminal. The terminal's foreground processes get SIGWINCH."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))


def start(argv: list[str], env: dict[str, str], cwd: str, streams: Streams) -> int:
    """Start the command in its own session, and return its PID.

    Exit status 127 means that exec failed.
    """
    child = os.fork()
    if child == 0:
        try:
            _become(argv, env, cwd, streams)
        except OSError as error:
            os.write(2, f"guest: cannot run {argv[0]}: {error.strerror}\n".encode())
        finally:
            os._exit(127)
    for fd in set(streams.theirs):
        os.close(fd)
    return child


def _become(argv: list[str], env: dict[str, str], cwd: str, streams: Streams) -> None:
    os.setsid()
    if streams.terminal >= 0:
        slave = streams.theirs[streams.ours.index(streams.terminal)]
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    # Duplicate all descriptors first, because some of them may themselves be numbered 0, 1 or 2.
    for number, fd in enumerate([fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in streams.theirs]):
        os.dup2(fd, number)
        os.close(fd)
    for number in (signal.SIGPIPE, signal.SIGCHLD, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    os.chdir(cwd)
    os.execvpe(argv[0], argv, env)
