"""A file that somebody has named, to be read: whatever it is, reading it ends, or says why not.

A folder, a file that is not there or not ours to read is the fault of who named it: UsageError,
with which commands exit with 2. What is in a file, and not what it should be, is another matter.

- A FIFO is opened without waiting for a writer (O_NONBLOCK): `<(command)` of a shell has one, and
  where there is none we would wait for ever. A device such as /dev/zero has no end, so all reading
  is bounded
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from typing import TYPE_CHECKING

from rawbpf.errors import FormatError, UsageError

if TYPE_CHECKING:
    from io import BufferedReader
    from pathlib import Path

__all__ = ["LARGEST", "open_input", "read_input", "read_stdin", "read_text", "text_of"]

LARGEST = 64 << 20


def open_input(path: str | Path) -> BufferedReader:
    """Open it for reading. UsageError: it is not there, not ours to read, or a folder.

    >>> open_input("/nonexistent/file")
    Traceback (most recent call last):
    ...
    rawbpf.errors.UsageError: cannot read /nonexistent/file: No such file or directory
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise UsageError(f"cannot read {path}", why=error.strerror) from None
    except ValueError as error:  # a zero byte in the name
        raise UsageError(f"cannot read {str(path)!r}", why=str(error)) from None
    mode = os.fstat(fd).st_mode
    if stat.S_ISDIR(mode):
        os.close(fd)
        raise UsageError(f"cannot read {path}", why=os.strerror(errno.EISDIR))
    os.set_blocking(fd, True)
    file = os.fdopen(fd, "rb")
    if stat.S_ISFIFO(mode) and not file.peek(1):
        file.close()
        raise UsageError(f"cannot read {path}", why="it is a FIFO, and nobody writes to it")
    return file


def read_input(path: str | Path, largest: int = LARGEST) -> bytes:
    """All that is in it. UsageError: it cannot be read, or has more than ``largest`` bytes."""
    try:
        with open_input(path) as file:
            data = _read(file, largest + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}", why=error.strerror) from None
    if len(data) > largest:
        raise UsageError(f"cannot read {path}", why=f"it has more than {largest >> 20} MiB")
    return data


def _read(file: BufferedReader, most: int) -> bytes:
    """Up to so many bytes. Python makes room for all it is asked for: ask for what there seems."""
    seems = min(os.fstat(file.fileno()).st_size + 1, most)
    data = file.read(seems)
    return data if len(data) < seems else data + file.read(most - seems)


def read_stdin(largest: int = LARGEST) -> bytes:
    """The same of what is piped to us."""
    data = sys.stdin.buffer.read(largest + 1)
    if len(data) > largest:
        raise UsageError("cannot read stdin", why=f"it has more than {largest >> 20} MiB")
    return data


def read_text(path: str | Path) -> str:
    """The text in it, bytes that are no UTF-8 included. FormatError: it is none."""
    return text_of(read_input(path), str(path))


def text_of(data: bytes, name: str) -> str:
    r"""Bytes as text, if they are one.

    >>> text_of(b"a\0", "x")
    Traceback (most recent call last):
    ...
    rawbpf.errors.FormatError: x is no text: there is a zero byte in it, at 0x1
    """
    if b"\0" in data:
        at = data.index(b"\0")
        raise FormatError(f"{name} is no text", why=f"there is a zero byte in it, at {at:#x}")
    return data.decode(errors="surrogateescape")
