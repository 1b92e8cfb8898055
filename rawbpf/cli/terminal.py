"""A command's output streams: results on stdout, and diagnostics by level on stderr.

``RAWBPF_LOG`` sets the level of the diagnostics, and each ``-v`` raises it.

A reader of stdout may close the pipe early (``| head``), which is not an error, whereas a full disk
is. Tracing commands must not wait for a slow reader, so they write with
``rawbpf.cli.tracing.output``.
"""

from __future__ import annotations

import errno
import os
import sys

from rawbpf.errors import KernelError, RawbpfError, UsageError
from rawbpf.light_typing import TYPE_CHECKING
from rawbpf.output.text import for_terminal, printable

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "LEVELS",
    "ask",
    "columns",
    "complain",
    "level",
    "raise_level",
    "say",
    "set_level",
    "show_help",
    "write_bytes",
    "write_lines",
]

LEVELS = ("error", "warning", "info", "debug")
"""Log levels, from quietest to most verbose."""

_level = LEVELS.index("info")


def set_level(verbose: int) -> None:
    """Set the level to RAWBPF_LOG (default: info), raised by the number of ``-v`` options."""
    global _level  # noqa: PLW0603 -- one process, one terminal
    name = os.environ.get("RAWBPF_LOG", "info").lower() or "info"
    if name not in LEVELS:
        raise UsageError(
            f"invalid RAWBPF_LOG: {name!r}", fix="use `debug`, `info`, `warning` or `error`"
        )
    _level = LEVELS.index(name)
    raise_level(verbose)


def raise_level(verbose: int) -> None:
    """Raise the log level by the number of ``-v`` options."""
    global _level  # noqa: PLW0603 -- as above
    _level = min(_level + verbose, len(LEVELS) - 1)


def level() -> str:
    """Return the current log level, which is one of LEVELS."""
    return LEVELS[_level]


def say(message: str, at: str = "info") -> None:
    """Print a line on stderr if the log level is high enough.

    If stderr is closed, nothing is printed.
    """
    if LEVELS.index(at) <= _level and sys.stderr is not None:
        try:
            sys.stderr.write(for_terminal(message) + "\n")
            sys.stderr.flush()
        except OSError:
            pass


def ask(question: str) -> str:
    """Ask on stderr, and return the lower-cased answer from stdin, or "" at the end of input."""
    if sys.stdout is not None:
        sys.stdout.flush()
    sys.stderr.write(for_terminal(question))
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower()


def complain(error: RawbpfError) -> None:
    """Print the error line of a failed command, its explanation, and its details.

    The error is printed on a single line, regardless of line breaks in file names and messages.
    Details are shown with ``-v``, and always after a usage error.
    """
    explanation = error.explanation
    # An explanation ends with the suggested fix, so the error line need not repeat it.
    shown_below = explanation is not None and error.fix == explanation.change
    line = f"rawbpf: {printable(error.headline if shown_below else str(error))}"
    say(_wrapped(line), at="error")
    if explanation is not None:
        from rawbpf.output.explanation import explanation_lines

        say("\n".join(explanation_lines(explanation, columns(2))), at="error")
    if error.details:
        if isinstance(error, UsageError) or level() == "debug":
            say(error.details, at="error")
        else:
            say("(more with -v)", at="error")


def columns(fd: int) -> int:
    """Return the number of columns of the terminal on ``fd``, or 100 if there is no terminal."""
    try:
        return os.get_terminal_size(fd).columns or 100
    except OSError:
        return 100


def _wrapped(line: str) -> str:
    """Wrap an error line if stderr is a terminal. In a file or pipe, an error is one line."""
    if sys.stderr is None or not sys.stderr.isatty():
        return line
    from textwrap import wrap

    width = max(columns(2) - 2, 20)
    return "\n  ".join(wrap(line, width, break_long_words=False, break_on_hyphens=False))


def write_lines(lines: Iterable[str], colored: bool = False) -> None:
    """Write lines to stdout until the reader closes it.

    Raises KernelError if stdout cannot be written.

    With ``colored``, color sequences in the lines are left unchanged.

    Errors raised by the iterable pass through unchanged, because producing a line may involve
    system calls.
    """
    stdout = sys.stdout
    if stdout is None:  # stdout was already closed when the process was started
        return
    for line in lines:
        try:
            stdout.write(for_terminal(line, colored) + "\n")
        except OSError as error:
            _give_up(error)
            return
    try:
        stdout.flush()
    except OSError as error:
        _give_up(error)


def show_help(text: str) -> None:
    """Print a help text, fitted to the terminal if stdout is one."""
    if sys.stdout is not None and sys.stdout.isatty():
        from rawbpf.cli.help_text import fitted

        text = fitted(text, columns(1))
    write_lines(text.splitlines())


def write_bytes(data: bytes) -> None:
    """Write bytes to stdout, with the same error handling as ``write_lines``."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        _give_up(error)


def _give_up(error: OSError) -> None:
    """Ignore a closed pipe; raise KernelError for any other error."""
    _forget_stdout()
    if not isinstance(error, BrokenPipeError):
        raise KernelError("cannot write to stdout", errno=error.errno or errno.EIO) from None


def _forget_stdout() -> None:
    """Redirect stdout to /dev/null, because otherwise the flush at exit would fail again."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
    except OSError:  # no free descriptor
        os.close(sys.stdout.fileno())
        nowhere = os.open(os.devnull, os.O_WRONLY)
    if nowhere == sys.stdout.fileno():
        return
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
