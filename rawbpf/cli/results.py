"""Results on stdout, for commands that print and are done.

Who reads them may stop early (``| head``), and that is no error of ours; a disk that is full is.
(The tracer, which must not be held up by a slow reader, has ``rawbpf.cli.tracing.stdout``.)
"""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

from rawbpf.errors import KernelError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["write_bytes", "write_lines"]


def write_lines(lines: Iterable[str]) -> None:
    """Write each line, with its newline, as far as somebody reads. KernelError if it fails.

    Whoever makes the lines may ask the kernel for each; what that raises is no failure to write.
    """
    stdout = sys.stdout
    if stdout is None:  # started with stdout closed: nobody wants results
        return
    for line in lines:
        try:
            stdout.write(f"{line}\n")
        except OSError as error:
            _give_up(error)
            return
    try:
        stdout.flush()
    except OSError as error:
        _give_up(error)


def write_bytes(data: bytes) -> None:
    """The same, for what is no text."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        _give_up(error)


def _give_up(error: OSError) -> None:
    """A reader who left has seen enough; all else is a failure."""
    _forget_stdout()
    if not isinstance(error, BrokenPipeError):
        raise KernelError("cannot write to stdout", errno=error.errno or errno.EIO) from None


def _forget_stdout() -> None:
    """Let the interpreter's own flush at exit go nowhere, instead of failing once more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
