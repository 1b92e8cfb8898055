"""Where the functions of a program or a library are: a file, and offsets in it.

The kernel puts a uprobe into a file, so that every process that maps the file runs into it; names
are for people, and it does not know them.
"""

from __future__ import annotations

import errno
import os
from fnmatch import fnmatchcase
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.arch import X86_64, native
from rawbpf.elf.user_symbols import function_offset, functions_of
from rawbpf.errors import AttachError, UsageError

if TYPE_CHECKING:
    import io

__all__ = ["Functions", "find_file", "find_function", "find_functions"]


class Functions(NamedTuple):
    """Functions of one file; ``offsets`` in bytes, in order, each once."""

    path: Path
    offsets: list[int]


def find_function(where: str) -> tuple[Path, int]:
    """Return the file and the file offset of the function in ``PATH:FUNCTION``."""
    name, function = _split(where)
    path = find_file(name)
    with _opened(path) as file:
        found = function_offset(file, function)
    if found is None:
        raise _no_symbol(path, function, "of that name")
    return path, found


def find_functions(where: str) -> Functions:
    """``PATH:PATTERN``: all functions whose names fit. One of several names is one function."""
    name, pattern = _split(where)
    path = find_file(name)
    with _opened(path) as file:
        found = {at for one, at in functions_of(file) if fnmatchcase(one, pattern)}
    if not found:
        raise _no_symbol(path, pattern, "that fits")
    return Functions(path, sorted(found))


def _split(where: str) -> tuple[str, str]:
    name, colon, function = where.rpartition(":")
    if not colon or not name or not function:
        raise UsageError(f"{where!r} is no place for a uprobe", fix="give PATH:FUNCTION")
    return name, function


def _opened(path: Path) -> io.FileIO:
    """To be read where it matters: debuggers' files have gigabytes."""
    try:
        # Before opening: a FIFO would have us wait, and a device never ends.
        if not S_ISREG(path.stat().st_mode):
            raise UsageError(f"{path} is not a file")
        return path.open("rb", buffering=0)
    except OSError as error:
        raise AttachError(f"cannot read {path}", errno=error.errno or 0, call="open") from None


def _no_symbol(path: Path, function: str, which: str) -> AttachError:
    why, fix = f"{path} has no symbol {which}", f"`nm -D {path}` shows which it has"
    return AttachError(
        f"cannot probe {function!r}", errno=errno.ENOENT, call="open", why=why, fix=fix
    )


def find_file(name: str) -> Path:
    """A path as it is; a bare name as a library, or as a command."""
    if "/" in name:
        return Path(name)
    folders = [*os.environ.get("LD_LIBRARY_PATH", "").split(":"), *native(X86_64).library_folders]
    folders += os.environ.get("PATH", "").split(":")
    for folder in folders:
        path = Path(folder, name)
        if folder and path.is_file():
            return path.resolve()
    raise AttachError(
        f"there is no {name!r}",
        errno=errno.ENOENT,
        call="open",
        why="neither among the libraries nor in PATH",
        fix="give its path",
    )
