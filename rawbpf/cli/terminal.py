"""What commands say to a person: diagnostics on stderr, by level.

``RAWBPF_LOG`` sets the level, ``-v`` raises it. Results go to stdout and are none of this file's
business.
"""

from __future__ import annotations

import os
import sys

from rawbpf.errors import RawbpfError, UsageError
from rawbpf.output.escape import printable

__all__ = ["LEVELS", "complain", "level", "raise_level", "say", "set_level"]

LEVELS = ("error", "warning", "info", "debug")
"""From the quietest to the most talkative."""

_level = LEVELS.index("info")


def set_level(verbose: int) -> None:
    """Start from RAWBPF_LOG (info when unset), then raise by the count of ``-v``."""
    global _level  # noqa: PLW0603 -- one process, one terminal
    name = os.environ.get("RAWBPF_LOG", "info").lower() or "info"
    if name not in LEVELS:
        raise UsageError(f"RAWBPF_LOG is {name!r}", fix="set it to debug, info, warning or error")
    _level = LEVELS.index(name)
    raise_level(verbose)


def raise_level(verbose: int) -> None:
    """Count further ``-v`` words."""
    global _level  # noqa: PLW0603 -- as above
    _level = min(_level + verbose, len(LEVELS) - 1)


def level() -> str:
    """The level in force, one of LEVELS."""
    return LEVELS[_level]


def say(message: str, at: str = "info") -> None:
    """One line on stderr, if the level lets it through. A closed stderr is nobody's problem."""
    if LEVELS.index(at) <= _level and sys.stderr is not None:
        try:
            sys.stderr.write(message + "\n")
            sys.stderr.flush()
        except OSError:
            pass


def complain(error: RawbpfError) -> None:
    """The one line that ends a failed command; its details with ``-v``, and always for usage.

    One line, whatever names of files and other people's words are in it.
    """
    text = str(error)
    if error.explanation is not None and error.fix == error.explanation.finding.change:
        text = text.removesuffix(f"; {error.fix}")  # the explanation says so, too
    say(f"rawbpf: {printable(text)}", at="error")
    if error.explanation is not None:
        from rawbpf.verifier.show import lines

        say("\n".join(lines(error.explanation, _width())), at="error")
    if error.details:
        if isinstance(error, UsageError) or level() == "debug":
            say(error.details, at="error")
        else:
            say("(more with -v)", at="error")


def _width() -> int:
    """Columns of the terminal; 100 where there is none."""
    try:
        return os.get_terminal_size(2).columns
    except OSError:
        return 100
