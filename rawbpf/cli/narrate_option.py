"""The ``--narrate`` option, which is removed before a command parses its command line."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rawbpf.cli.terminal import say
from rawbpf.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["hand_on", "narrating", "take"]

_OPTION = "--narrate"


def take(argv: list[str]) -> tuple[list[str], str | None]:
    """Return the arguments without the option, and the requested format.

    Arguments after ``--`` are left unchanged.

    >>> take(["kprobe", "do_exit", "--narrate=full", "--", "--narrate"])
    (['kprobe', 'do_exit', '--', '--narrate'], 'full')
    >>> take(["list"])
    (['list'], None)
    """
    end = argv.index("--") if "--" in argv else len(argv)
    ours = [word for word in argv[:end] if word.partition("=")[0] == _OPTION]
    if not ours:
        return argv, None
    how = ours[-1].partition("=")[2] or "line"
    if how not in ("line", "full", "json"):
        raise UsageError(f"{_OPTION} is {how!r}", fix="use `line`, `full` or `json`")
    return [word for word in argv[:end] if word not in ours] + argv[end:], how


def hand_on(how: str, arguments: dict[str, Any], names: dict[str, Any]) -> None:
    """Enable narration for a command that is run by another command."""
    words = arguments["<command>"]
    if not words or words[0] not in names:
        raise UsageError(f"{_OPTION} works only with rawbpf's own commands", fix="omit the option")
    arguments["<command>"] = [f"{_OPTION}={how}", *words]


@contextmanager
def narrating(how: str) -> Iterator[None]:
    """Narrate on stderr the system calls made inside the block."""
    from rawbpf.narration.tell.narrator import narrated

    with narrated(lambda text: say(text.removesuffix("\n"), at="error"), how):
        yield
