"""What a command line means in the guest, and which files it needs there.

``python`` and ``pytest`` run with the Python that runs this code, and so do rawbpf commands. Any
other command must be an executable of the host, which is copied with its libraries.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["Command", "understand"]

_PROMPT = "import rawbpf; print('rawbpf', rawbpf.__version__, 'is imported. Ctrl+D ends it.')"

_PROJECT_FILES = ("pyproject.toml", "pytest.ini", "tox.ini", "setup.cfg")


class Command(NamedTuple):
    """argv in the guest, the files to add, and whether pytest's packages are needed."""

    argv: list[str]
    files: list[str]
    with_tests: bool


def understand(words: list[str], commands: Collection[str]) -> Command:
    """Return the command to run in the guest. ``commands`` are the names of rawbpf commands.

    >>> understand(["pytest", "-q"], ()).argv[1:]
    ['-m', 'pytest', '-p', 'no:hypothesispytest', '-q']
    """
    if not words:
        return Command([sys.executable, "-q", "-i", "-c", _PROMPT], [], with_tests=False)
    name, rest = words[0], words[1:]
    files = list(_existing(rest))
    if name in ("python", "python3"):
        # A script may import pytest, too, but only its arguments are known here.
        with_tests = "-m" in rest and "pytest" in rest
        return Command([sys.executable, *rest], files, with_tests)
    if name == "pytest":
        argv = [sys.executable, "-m", "pytest", *_without_hypothesis(rest), *rest]
        return Command(argv, [*_project(Path.cwd()), *files], with_tests=True)
    if name in commands or name.startswith("-"):
        return Command([sys.executable, "-m", "rawbpf", *words], files, with_tests=False)
    executable = shutil.which(name)
    if executable is None:
        raise UsageError(
            f"unknown command {name!r}: neither a rawbpf command nor an executable",
            fix="`rawbpf --help` lists the commands",
        )
    return Command([executable, *rest], [executable, *files], with_tests=False)


def _without_hypothesis(words: list[str]) -> list[str]:
    """Disable hypothesis's pytest plugin, unless an option is for it. Tests work without it.

    The plugin imports all of hypothesis, which takes 8 s on an emulated CPU.
    """
    if any(word.startswith("--hypothesis") for word in words):
        return []
    return ["-p", "no:hypothesispytest"]


def _project(start: Path) -> Iterator[str]:
    """Yield the project folder of the tests, which contains settings and helper modules."""
    for folder in (start, *start.parents):
        if any((folder / name).exists() for name in _PROJECT_FILES):
            yield str(folder)
            return


def _existing(words: list[str]) -> Iterator[str]:
    """Yield the arguments that are files, also after the "=" of an option and before "::"."""
    for word in words:
        candidate = word.partition("=")[2] if word.startswith("-") and "=" in word else word
        candidate = candidate.partition("::")[0]
        if candidate and not candidate.startswith("-") and _is_there(candidate):
            yield candidate


def _is_there(word: str) -> bool:
    try:
        return Path(word).exists()
    except OSError:  # an argument may be too long for a file name
        return False
