"""docopt, with its two exits turned into what our commands return and raise."""

from __future__ import annotations

import sys
from typing import Any

from docopt import DocoptExit, docopt

from rawbpf.cli.terminal import raise_level
from rawbpf.errors import UsageError

__all__ = ["parse"]


def parse(usage: str, argv: list[str]) -> dict[str, Any] | None:
    """The docopt dictionary of a command line, from the command's name on.

    None when its help was asked for, and shown.

    >>> parse("Usage: rawbpf show <file>", ["show", "a"])
    {'show': True, '<file>': 'a'}

    Where the usage ends its options with ``[--] [<command>...]``, the first word that is no option
    starts another command's line, and all after it is that command's.

    >>> parse("Usage: rawbpf in [-v] [--] [<command>...]", ["in", "show", "-v"])["<command>"]
    ['show', '-v']
    """
    carries_command = "[--] [<command>...]" in usage
    # docopt's own help exits the process; a library call must not.
    words = argv[: argv.index("--")] if "--" in argv else argv
    if not carries_command and any(word in ("-h", "--help") for word in words):
        return _show(usage)
    try:
        if carries_command:
            arguments = _parse_carrier(usage, argv)
        else:
            arguments = dict(docopt(usage, argv, default_help=False))
    except DocoptExit as error:
        said = str(error).strip()
        first = said.splitlines()[0] if said else ""
        bare = first.lower().startswith(("usage", "warning"))
        what = "these arguments do not fit" if bare else first
        raise UsageError(what, details=usage.strip()) from None
    if arguments.get("--help"):
        return _show(usage)
    raise_level(int(arguments.get("--verbose") or 0))
    return arguments


def _show(usage: str) -> None:
    sys.stdout.write(usage.strip() + "\n")


def _parse_carrier(usage: str, argv: list[str]) -> dict[str, Any]:
    """Parse with options first. docopt would stop at our own name, so that joins the program's."""
    joined = usage.replace(f"rawbpf {argv[0]}", f"rawbpf-{argv[0]}")
    parsed = docopt(joined, argv[1:], default_help=False, options_first=True)
    return dict(parsed) | {argv[0]: True}
