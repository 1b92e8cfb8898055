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
    """
    # docopt's own help exits the process; a library call must not.
    words = argv[: argv.index("--")] if "--" in argv else argv
    options_first = "[options_first]" in usage
    if not options_first and any(word in ("-h", "--help") for word in words):
        sys.stdout.write(usage.strip() + "\n")
        return None
    try:
        arguments = dict(docopt(usage, argv, default_help=False, options_first=options_first))
    except DocoptExit as error:
        said = str(error).strip()
        first = said.splitlines()[0] if said else ""
        what = "these arguments do not fit" if first.lower().startswith("usage") else first
        raise UsageError(what, details=usage.strip()) from None
    raise_level(int(arguments.get("--verbose") or 0))
    return arguments
