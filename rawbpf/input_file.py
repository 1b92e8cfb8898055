"""Read files named by the user, with size limits and uniform errors.

A file that does not exist, is a directory or is not readable raises UsageError, because the
argument is wrong; commands then exit with status 2. Invalid contents raise FormatError instead.

- A FIFO is opened without waiting for a writer (O_NONBLOCK). A shell's `<(command)` has a writer;
  without one, opening would wait forever. A device such as /dev/zero has no end, so the number of
  bytes to read is limited.
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

__all__ = [
    "LARGEST",
    "LARGEST_TEXT",
    "open_input",
    "read_input",
    "read_stdin",
    "read_text",
    "text_of",
]

LARGEST = 32 << 20
"""In bytes. Reading and parsing an untrusted file may take at most 200 MB of memory."""

LARGEST_TEXT = 1 << 20
"""In bytes. Parsed assembly takes more than a hundred times the size of its text."""


def open_input(path: str | Path) -> BufferedReader:
    """Open a file for reading.

    Raises UsageError if the file is missing, not readable, or a directory.

    >>> open_input("/nonexistent/file")
    Traceback (most recent call last):
    ...
    rawbpf.errors.UsageError: cannot read /nonexistent/file: No such file or directory
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise UsageError(f"cannot read {path}", why=error.strerror) from None
    except ValueError as error:  # the name contains a zero byte
        raise UsageError(f"cannot read {str(path)!r}", why=str(error)) from None
    mode = os.fstat(fd).st_mode
    if stat.S_ISDIR(mode):
        os.close(fd)
        raise UsageError(f"cannot read {path}", why=os.strerror(errno.EISDIR))
    os.set_blocking(fd, True)
    file = os.fdopen(fd, "rb")
    if stat.S_ISFIFO(mode) and not file.peek(1):
        file.close()
        raise UsageError(f"cannot read {path}", why="the file is a FIFO without a writer")
    return file


def read_input(path: str | Path, largest: int = LARGEST) -> bytes:
    """Return the contents.

    Raises UsageError if the file is not readable or is larger than ``largest`` bytes.
    """
    try:
        with open_input(path) as file:
            data = _read(file, largest + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}", why=error.strerror) from None
    if len(data) > largest:
        raise UsageError(f"cannot read {path}", why=f"the file is larger than {largest >> 20} MiB")
    return data


def _read(file: BufferedReader, most: int) -> bytes:
    """Return up to ``most`` bytes, even if the file contains more bytes than its reported size.

    Python allocates as many bytes as a read requests, so the first read requests only one byte more
    than the reported size.
    """
    expected = min(os.fstat(file.fileno()).st_size + 1, most)
    data = file.read(expected)
    return data if len(data) < expected else data + file.read(most - expected)


def read_stdin(largest: int = LARGEST) -> bytes:
    """Return the contents of stdin.

    Raises UsageError if the input is larger than ``largest`` bytes.
    """
    data = sys.stdin.buffer.read(largest + 1)
    if len(data) > largest:
        raise UsageError("cannot read stdin", why=f"the input is larger than {largest >> 20} MiB")
    return data


def read_text(path: str | Path, largest: int = LARGEST_TEXT) -> str:
    """Return the file's contents as text.

    Raises FormatError if the file is not text.

    Bytes that are not UTF-8 become surrogate escapes.
    """
    return text_of(read_input(path, largest), str(path))


def text_of(data: bytes, name: str) -> str:
    r"""Decode bytes as text, with surrogate escapes.

    Raises FormatError if the bytes contain a zero byte.

    >>> text_of(b"a\0", "x")
    Traceback (most recent call last):
    ...
    rawbpf.errors.FormatError: x is not a text file: the file contains a zero byte at offset 0x1
    """
    if b"\0" in data:
        at = data.index(b"\0")
        raise FormatError(
            f"{name} is not a text file", why=f"the file contains a zero byte at offset {at:#x}"
        )
    return data.decode(errors="surrogateescape")
