"""Parse command lines with docopt, but return values and raise errors instead of exiting.

``quick_parse`` handles most command lines, so docopt is imported only for the rest.
"""

from __future__ import annotations

from rawbpf.cli.quick_parse import quick_parse
from rawbpf.cli.terminal import raise_level, show_help
from rawbpf.errors import UsageError
from rawbpf.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "parse",
    "parse_duration",
    "whole_number",
]

_FILES = ("FILE", "SOURCE")
"""Arguments that name an input file."""


def parse(usage: str, argv: list[str]) -> dict[str, Any] | None:
    """Parse a command line, starting with the command's name, into docopt's dictionary.

    Return None after showing the help if the command line requests it. Raises UsageError if the
    arguments do not match ``usage``.

    >>> parse("Usage: rawbpf show <file>", ["show", "a"])
    {'show': True, '<file>': 'a'}

    If the usage ends with ``[--] [<command>...]``, the first word that is not an option starts the
    command line of another command, and all following options belong to that command.

    >>> parse("Usage: rawbpf in [-v] [--] [<command>...]", ["in", "show", "-v"])["<command>"]
    ['show', '-v']
    """
    carries_command = "[--] [<command>...]" in usage
    # docopt's own --help would exit the process.
    words = argv[: argv.index("--")] if "--" in argv else argv
    if not carries_command and any(word in ("-h", "--help") for word in words):
        _show(usage)
        return None
    arguments = quick_parse(usage, argv) or _parse_with_docopt(usage, argv, words)
    if arguments.get("--help"):
        _show(usage)
        return None
    _reject_empty(arguments)
    raise_level(int(arguments.get("--verbose") or 0))
    return arguments


def _parse_with_docopt(usage: str, argv: list[str], words: list[str]) -> dict[str, Any]:
    from docopt import DocoptExit, docopt

    try:
        if "[--] [<command>...]" in usage:
            return _parse_carrier(usage, argv)
        return dict(docopt(usage, argv, default_help=False))
    except DocoptExit as error:
        raise UsageError(_problem(usage, words, str(error)), details=_patterns(usage)) from None


def _reject_empty(arguments: dict[str, Any]) -> None:
    """Reject empty values: ``--pin "$DIR"`` with DIR unset must not mean "no --pin"."""
    for name, value in arguments.items():
        if name.startswith("-") and value == "":
            raise UsageError(f"{name} is empty", fix="specify a value, or omit the option")
        if name in _FILES and value == "":
            raise UsageError(f"{name} is empty", fix="name a file")


def _problem(usage: str, words: list[str], said: str) -> str:
    """Explain in one line why the command line is invalid.

    docopt's own message explains only some mistakes.

    >>> _problem("Usage: rawbpf x FILE [--json]", ["x", "a", "--jsn"], "Warning: ...")
    "unknown option '--jsn': did you mean --json?"
    >>> _problem("Usage: rawbpf x FILE [--json]", ["x"], "Usage: ...")
    'missing argument; usage: rawbpf x FILE [--json]'
    """
    import re  # imported only after a mistake

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
    pattern = _closest(usage, words)
    only_name = not any(not word.startswith("-") for word in words[1:])
    return f"{'missing argument' if only_name else 'wrong arguments'}; usage: {pattern}"


def _patterns(usage: str) -> str:
    """Return the usage patterns without the rest of the help."""
    return usage[usage.index("sage:") - 1 :].partition("\n\n")[0].rstrip()


def _closest(usage: str, words: list[str]) -> str:
    r"""Return the usage pattern that begins with most of the command line's words.

    >>> _closest("Usage:\n  rawbpf map list\n  rawbpf map get MAP KEY", ["map", "get", "1"])
    'rawbpf map get MAP KEY'
    """
    patterns = [line.strip() for line in usage.partition("sage:")[2].split("\n\n")[0].splitlines()]

    def common(pattern: str) -> int:
        literal = pattern.split()[1:]
        pairs = zip(literal, words, strict=False)
        return next((n for n, (a, b) in enumerate(pairs) if b not in a.strip("()").split("|")), 9)

    return max((one for one in patterns if one.startswith("rawbpf ")), key=common, default="")


def _show(usage: str) -> None:
    show_help(usage.strip())


def _parse_carrier(usage: str, argv: list[str]) -> dict[str, Any]:
    """Parse the options that precede the command.

    docopt would stop parsing options at a command's name, so the name is appended to the program's
    name.
    """
    from docopt import docopt

    joined = usage.replace(f"rawbpf {argv[0]}", f"rawbpf-{argv[0]}")
    parsed = docopt(joined, argv[1:], default_help=False, options_first=True)
    return dict(parsed) | {argv[0]: True}


_LONGEST = 19
"""The maximum number of digits, since int() raises ValueError for more than 4300 digits."""

_SHOWN = 40


def whole_number(
    text: str, option: str, fix: str, *, lowest: int = 0, highest: int = (1 << 63) - 1
) -> int:
    """Parse a whole number.

    Raises UsageError with ``fix`` if the text is not a number, or if the number is out of bounds.

    >>> whole_number("64", "--runs", "give a number")
    64
    >>> whole_number("0", "--cpus", "give a number from 1 to 255", lowest=1, highest=255)
    Traceback (most recent call last):
    ...
    rawbpf.errors.UsageError: --cpus is '0'; give a number from 1 to 255
    """
    if text.isascii() and text.isdecimal() and len(text) <= _LONGEST:
        number = int(text)
        if lowest <= number <= highest:
            return number
    raise UsageError(f"{option} is {text[:_SHOWN]!r}", fix=fix)


_TEN_YEARS = 10 * 365 * 86400


def parse_duration(text: str) -> float:
    """Parse a number of seconds between 0 (no limit) and ten years.

    Raise UsageError if it is invalid.

    >>> parse_duration("2.5")
    2.5
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= _TEN_YEARS:  # a comparison with nan is always false
        raise UsageError(
            f"invalid duration {text[:40]!r}",
            fix="specify seconds, such as 2 or 0.5; 0 means no limit",
        )
    return seconds
