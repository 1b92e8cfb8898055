"""Results on stdout, for commands that print and are done.

Who reads them may stop early (``| head``), and that is no error of ours; a disk that is full is.
(The tracer, which must not be held up by a slow reader, has ``rawbpf.cli.stdout``.)
"""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

from rawbpf.errors import KernelError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["write_lines"]


def write_lines(lines: Iterable[str]) -> None:
    """Write each line, with its newline, as far as somebody reads. KernelError if it fails."""
    if sys.stdout is None:  # started with stdout closed: nobody wants results
        return
    try:
        sys.stdout.writelines(line + "\n" for line in lines)
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
    except OSError as error:
        _forget_stdout()
        raise KernelError("cannot write to stdout", errno=error.errno or errno.EIO) from None


def _forget_stdout() -> None:
    """Let the interpreter's own flush at exit go nowhere, instead of failing once more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
