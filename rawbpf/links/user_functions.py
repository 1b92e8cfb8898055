"""Locate functions in programs and libraries as a file and offsets in the file.

A uprobe is placed at a file offset, in every process that maps the file. The kernel does not know
symbol names, so this module resolves them.
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
    """A file and the sorted file offsets, in bytes, of functions in it."""

    path: Path
    offsets: list[int]


def find_function(where: str) -> tuple[Path, int]:
    """Return the file and file offset of the function in ``PATH:FUNCTION``."""
    name, function = _split(where)
    path = find_file(name)
    with _opened(path) as file:
        found = function_offset(file, function)
    if found is None:
        raise _no_symbol(path, function)
    return path, found


def find_functions(where: str) -> Functions:
    """Return the functions whose names match ``PATH:PATTERN``; aliases count as one function."""
    name, pattern = _split(where)
    path = find_file(name)
    with _opened(path) as file:
        found = {at for one, at in functions_of(file) if fnmatchcase(one, pattern)}
    if not found:
        raise _no_symbol(path, pattern)
    return Functions(path, sorted(found))


def _split(where: str) -> tuple[str, str]:
    name, colon, function = where.rpartition(":")
    if not colon or not name or not function:
        raise UsageError(f"invalid target of a uprobe: {where!r}", fix="write PATH:FUNCTION")
    return name, function


def _opened(path: Path) -> io.FileIO:
    """Open the file without reading all of it, since debug information can be gigabytes in size."""
    try:
        # The file type is checked before the file is opened, because opening a FIFO would block,
        # and a device has no end.
        if not S_ISREG(path.stat().st_mode):
            raise UsageError(f"{path} is not a regular file")
        return path.open("rb", buffering=0)
    except OSError as error:
        raise AttachError(f"cannot read {path}", errno=error.errno or 0, call="open") from None


def _no_symbol(path: Path, pattern: str) -> AttachError:
    return AttachError(
        f"cannot attach to {path}:{pattern}",
        errno=errno.ENOENT,
        call="open",
        why="the file has no such symbol",
        fix=f"list the symbols with `nm -D {path}`",
    )


def find_file(name: str) -> Path:
    """Return a path that contains a slash unchanged; search libraries and PATH for other names."""
    if "/" in name:
        return Path(name)
    folders = [*os.environ.get("LD_LIBRARY_PATH", "").split(":"), *native(X86_64).library_folders]
    folders += os.environ.get("PATH", "").split(":")
    for folder in folders:
        path = Path(folder, name)
        if folder and path.is_file():
            return path.resolve()
    raise AttachError(
        f"cannot find {name!r}",
        errno=errno.ENOENT,
        call="open",
        why="there is no such library, and no such program in PATH",
        fix="specify a path",
    )
