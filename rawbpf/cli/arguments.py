"""docopt, with its two exits turned into what our commands return and raise."""

from __future__ import annotations

import re
from typing import Any

from docopt import DocoptExit, docopt

from rawbpf.cli.results import write_lines
from rawbpf.cli.terminal import raise_level
from rawbpf.errors import UsageError

__all__ = ["parse"]

_FILES = ("FILE", "SOURCE")
"""The arguments that name what is read."""


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
        _show(usage)
        return None
    try:
        if carries_command:
            arguments = _parse_carrier(usage, argv)
        else:
            arguments = dict(docopt(usage, argv, default_help=False))
    except DocoptExit as error:
        raise UsageError(_complaint(usage, words, str(error)), details=usage.strip()) from None
    if arguments.get("--help"):
        _show(usage)
        return None
    _refuse_empty(arguments)
    raise_level(int(arguments.get("--verbose") or 0))
    return arguments


def _refuse_empty(arguments: dict[str, Any]) -> None:
    """``--pin "$DIR"`` with DIR unset must not pass for no ``--pin`` at all."""
    for name, value in arguments.items():
        if name.startswith("-") and value == "":
            raise UsageError(f"{name} is empty", fix="give a value, or leave it out")
        if name in _FILES and value == "":
            raise UsageError(f"{name} is empty", fix="name a file")


def _complaint(usage: str, words: list[str], said: str) -> str:
    """What is wrong, in one line. docopt knows for some mistakes; for others it only knows that.

    >>> _complaint("Usage: rawbpf x FILE [--json]", ["x", "a", "--jsn"], "Warning: ...")
    "unknown option '--jsn': did you mean --json?"
    >>> _complaint("Usage: rawbpf x FILE [--json]", ["x"], "Usage: ...")
    'an argument is missing: rawbpf x FILE [--json]'
    """
    known = set(re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", usage))
    for word in words:
        option = word.partition("=")[0]
        if option.startswith("--") and not any(one.startswith(option) for one in known):
            from difflib import get_close_matches

            near = get_close_matches(option, known, n=1)
            return f"unknown option {option!r}" + (f": did you mean {near[0]}?" if near else "")
    first = said.partition("\n")[0].strip()
    if first and not first.lower().startswith(("usage", "warning")):
        return first
    (pattern,) = re.findall(r"(rawbpf \S.*)", usage.partition("sage:")[2])[:1] or [""]
    only_name = not any(not word.startswith("-") for word in words[1:])
    return f"{'an argument is missing' if only_name else 'these arguments do not fit'}: {pattern}"


def _show(usage: str) -> None:
    write_lines([usage.strip()])


def _parse_carrier(usage: str, argv: list[str]) -> dict[str, Any]:
    """Parse with options first. docopt would stop at our own name, so that joins the program's."""
    joined = usage.replace(f"rawbpf {argv[0]}", f"rawbpf-{argv[0]}")
    parsed = docopt(joined, argv[1:], default_help=False, options_first=True)
    return dict(parsed) | {argv[0]: True}
