"""What `rawbpf load` and `rawbpf run` are given: an object, or what becomes one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rawbpf.cli.terminal import say
from rawbpf.errors import CompileError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.collection.collection import Collection

__all__ = ["open_file", "set_variables", "skip"]


def open_file(file: str, clang: str | None) -> Collection:
    """The object in a file; C is compiled first, and clang has the word if it does not like it."""
    from rawbpf.collection.collection import Collection
    from rawbpf.collection.collection import open as open_object

    if not file.endswith(".c"):
        return open_object(file)
    from rawbpf.compile.driver import compile_c

    try:
        done = compile_c(Path(file), clang=clang)
    except CompileError as error:
        say(error.output.rstrip(), at="error")
        error.details = ""
        raise
    if done.warnings:
        say(done.warnings.rstrip(), at="warning")
    return Collection.from_bytes(done.data, file)


def set_variables(collection: Collection, settings: Iterable[str]) -> None:
    """Each ``NAME=VALUE`` into the variable of that name."""
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name:
            raise UsageError(f"--set is {setting!r}", fix="give NAME=VALUE, such as target_pid=42")
        section = collection.section_of(name)
        section[name] = _value(text, section[name])


def _value(text: str, now: object) -> object:
    """The text as a value of the kind that is there now."""
    if isinstance(now, bytes):
        return text.encode()
    words = {"true": 1, "false": 0}
    if text.lower() in words:
        return words[text.lower()]
    try:
        return int(text, 0)
    except ValueError:
        return text  # an enumerator's name, or what its type then refuses


def skip(collection: Collection, patterns: Iterable[str]) -> None:
    """Leave out the programs with these names; ``*`` stands for anything."""
    from fnmatch import fnmatchcase

    names = [name for name, one in collection.spec.programs.items() if one.autoload]
    left = set(names)
    for pattern in patterns:
        found = {name for name in names if fnmatchcase(name, pattern)}
        if not found:
            raise UsageError(
                f"--skip {pattern} is no program of this object",
                why=f"it has {', '.join(sorted(names)[:8])}",
            )
        left -= found
    collection.keep(left)
