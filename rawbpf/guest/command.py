"""Translate a command line for the guest, and find the files that the command needs there.

``python``, ``pytest`` and rawbpf commands run with the Python that runs this code. Any other
command must be an executable on the host, which is copied together with its libraries.

Words of the command may be paths, and a path such as /usr may refer to the guest's own folder.
Files and folders that the command names are therefore copied only if they are small.
"""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.arch import ARCHITECTURES
from rawbpf.command_words import own_python
from rawbpf.errors import UsageError, did_you_mean
from rawbpf.guest.image.elf import machine
from rawbpf.guest.image.interpreter import OWN
from rawbpf.guest.image.tree import JUNK, is_of_the_guest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rawbpf.arch import Architecture
    from rawbpf.guest.image.interpreter import Interpreter

__all__ = ["LARGEST", "MOST_FILES", "Command", "understand"]

LARGEST = 64 << 20
"""The maximum total size in bytes of the files that are copied because the command names them."""

MOST_FILES = 10_000
"""The maximum number of files, including folder contents, that are copied for the command."""

_PROMPT = "import rawbpf; print('rawbpf', rawbpf.__version__, 'is imported. Press Ctrl+D to exit.')"

_PROJECT_FILES = ("pyproject.toml", "pytest.ini", "tox.ini", "setup.cfg")


class Command(NamedTuple):
    """The command's argv in the guest, the files to add, and whether pytest has to be added.

    ``omitted`` contains one line of text for each path in the command that is not copied.
    """

    argv: list[str]
    files: list[str]
    with_tests: bool
    omitted: tuple[str, ...] = ()


def understand(
    words: list[str],
    commands: Collection[str],
    added: Collection[str] = (),
    python: Interpreter = OWN,
) -> Command:
    """Return the command to run in the guest.

    ``commands`` lists the names of rawbpf's commands. ``added`` lists paths that are copied
    regardless of their size. ``python`` is the guest's Python.

    >>> understand(["pytest", "-q"], ()).argv[1:]
    ['-m', 'pytest', '-p', 'no:hypothesispytest', '-q']
    """
    if not words:
        return Command([python.executable, "-q", "-i", "-c", _PROMPT], [], with_tests=False)
    name, rest = words[0], words[1:]
    folders = [Path(path).resolve() for path in added]
    files, omitted = _small(path for path in _existing(rest) if not _is_within(path, folders))
    command = _understand(name, rest, files, commands, python)
    return command._replace(omitted=tuple(omitted))


def _understand(
    name: str, rest: list[str], files: list[str], commands: Collection[str], python: Interpreter
) -> Command:
    if name in ("python", "python3"):
        # A script may also import pytest, but only the script's arguments are known here.
        with_tests = "-m" in rest and "pytest" in rest
        return Command([python.executable, *rest], files, with_tests)
    if name == "pytest":
        argv = [python.executable, "-m", "pytest", *_without_hypothesis(rest), *rest]
        return Command(argv, [*_project(Path.cwd()), *files], with_tests=True)
    if name in commands or name.startswith("-"):
        argv = own_python("rawbpf", name, *rest, python=python.executable)
        return Command(argv, files, with_tests=False)
    executable = shutil.which(name)
    if executable is None:
        raise UsageError(
            f"unknown command {name!r}: neither a rawbpf command nor an executable",
            fix=did_you_mean(name, commands) or "list all commands with `rawbpf --help`",
        )
    _check_machine(name, executable, python.arch)
    return Command([executable, *rest], [executable, *files], with_tests=False)


def _check_machine(name: str, executable: str, arch: Architecture) -> None:
    """Raise UsageError if a program was built for an architecture other than the guest's."""
    built_for = machine(Path(executable))
    if built_for in (None, arch.elf_machine):
        return
    known = {one.elf_machine: one.name for one in ARCHITECTURES.values()}
    raise UsageError(
        f"cannot run {name} in an {arch.name} guest",
        why=f"{executable} is built for {known.get(built_for, 'another architecture')}",
        fix=f"specify the path of a program for {arch.name}",
    )


def _without_hypothesis(words: list[str]) -> list[str]:
    """Disable hypothesis's pytest plugin, unless one of the options belongs to the plugin.

    Tests also work without the plugin.

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
    """Yield arguments that are files, including those after "=" in options or before "::"."""
    for word in words:
        candidate = word.partition("=")[2] if word.startswith("-") and "=" in word else word
        candidate = candidate.partition("::")[0]
        if candidate and not candidate.startswith("-") and _is_there(candidate):
            yield candidate


def _is_within(path: str, folders: list[Path]) -> bool:
    """Return whether a path is one of these folders or is inside one of them."""
    place = Path(path).resolve()
    return any(place.is_relative_to(folder) for folder in folders)


def _small(paths: Iterator[str]) -> tuple[list[str], list[str]]:
    """Return the paths to copy, and one line of text for each path that is not copied."""
    files, omitted = list[str](), list[str]()
    size, count = LARGEST, MOST_FILES
    for path in paths:
        if is_of_the_guest(path):
            continue
        needs = _needs(path, size, count)
        if not (Path(path).is_file() or Path(path).is_dir()):
            omitted.append(f"cannot copy {path}: the path is neither a file nor a folder")
        elif needs is None:
            what = f"more than {LARGEST >> 20} MiB or {MOST_FILES:,} files"
            omitted.append(f"cannot copy {path}: {what}; use --add {path} to copy it")
        else:
            files.append(path)
            size, count = size - needs[0], count - needs[1]
    return files, omitted


def _needs(path: str, size: int, count: int) -> tuple[int, int] | None:
    """Return the size and number of files under a path, or None if they exceed a limit."""
    status = os.stat(path)  # noqa: PTH116 -- as the entries below
    if not stat.S_ISDIR(status.st_mode):
        return (status.st_size, 1) if status.st_size <= size and count else None
    used = found = 0
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if name not in JUNK]
        for name in names:
            with suppress(OSError):  # removed by now
                used += os.lstat(f"{folder}/{name}").st_size
        found += len(names) + len(folders)
        if used > size or found > count:
            return None
    return used, found


def _is_there(word: str) -> bool:
    try:
        return Path(word).exists()
    except OSError:  # the argument may be too long for a file name
        return False
