"""What goes into an archive: files of this machine, under the paths they have here.

A path may lead through symbolic links (/lib64, a virtual environment's python). Each link is
kept as a link and what it points to comes along, so that a path means the same in the guest.
Paths are text here: what a Path would tidy away is just what has to be followed.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from rawbpf.errors import UsageError
from rawbpf.guest.image.bytecode import pytest_cached_names
from rawbpf.guest.image.elf import is_elf, libraries, without_debug_information
from rawbpf.guest.wire.cpio import Member

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["JUNK", "Tree"]

JUNK = frozenset({"__pycache__", ".git", ".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache",
                  ".hypothesis", ".import_linter_cache", "node_modules"})  # fmt: skip
"""Directories that hold nothing that a run needs."""

_MOST_LINKS = 40  # the kernel's own limit, MAXSYMLINKS


class Tree:
    """Members of an archive by path, parents before children.

    A trimmed tree brings executables and libraries without their debugging sections.

    >>> tree = Tree()
    >>> tree.file("/etc/hostname", b"guest")
    >>> [member.path for member in tree]
    ['etc', 'etc/hostname']
    """

    def __init__(self, *, trimmed: bool = False) -> None:
        self._trimmed = trimmed
        self._members: dict[str, Member] = {}

    def __iter__(self) -> Iterator[Member]:
        return iter(self._members.values())

    def __contains__(self, path: str) -> bool:
        return path.strip("/") in self._members

    def put(self, member: Member) -> None:
        """Add or replace a member; directories above it are made."""
        parent = os.path.dirname(member.path)
        if parent and parent not in self._members:
            self.directory(parent)
        self._members[member.path] = member

    def directory(self, path: str, mode: int = 0o755) -> None:
        """An empty directory."""
        self.put(Member(path.strip("/"), stat.S_IFDIR | mode))

    def file(self, path: str, data: bytes, mode: int = 0o644, mtime: int = 0) -> None:
        """A file with these bytes."""
        self.put(Member(path.strip("/"), stat.S_IFREG | mode, data, mtime))

    def link(self, path: str, target: str) -> None:
        """A symbolic link."""
        self.put(Member(path.strip("/"), stat.S_IFLNK | 0o777, os.fsencode(target)))

    def device(self, path: str, mode: int, number: tuple[int, int]) -> None:
        """A character device node."""
        self.put(Member(path.strip("/"), stat.S_IFCHR | mode, device=number))

    def bring(self, path: str | Path) -> str:
        """This machine's file at ``path``, with all links on the way; returns its real path.

        A directory comes without what is in it.
        """
        real, rest = "", [part for part in str(path).split("/") if part not in ("", ".")]
        links = 0
        while rest:
            part = rest.pop(0)
            if part == "..":
                real = os.path.dirname(real)
                continue
            here = f"{real}/{part}"
            if not os.path.islink(here):
                real = here
                if rest and here not in self:
                    self.directory(here)
                continue
            links += 1
            if links > _MOST_LINKS:
                raise UsageError(f"{path}: too many symbolic links")
            target = os.readlink(here)
            self.link(here, target)
            real = "" if target.startswith("/") else real
            rest = [part for part in target.split("/") if part not in ("", ".")] + rest
        if real not in self:
            self._copy(real)
        return real

    def _copy(self, path: str) -> None:
        try:
            status = os.stat(path)
            data = Path(path).read_bytes() if stat.S_ISREG(status.st_mode) else b""
        except OSError as error:
            raise UsageError(f"cannot bring {path} into the guest", why=error.strerror) from None
        if stat.S_ISDIR(status.st_mode):
            self.directory(path)
        elif stat.S_ISREG(status.st_mode):
            mode = 0o755 if status.st_mode & 0o111 else 0o644
            if self._trimmed:
                data = without_debug_information(data)
            self.file(path, data, mode, int(status.st_mtime))
        else:
            raise UsageError(f"{path} is neither a file nor a directory")

    def bring_all(self, path: str | Path) -> None:
        """A file, or a directory with all in it except JUNK; executables with their libraries."""
        real = self.bring(path)
        if not os.path.isdir(real):
            self.bring_libraries(real)
            return
        for folder, folders, files in os.walk(real):
            folders[:] = sorted(name for name in folders if name not in JUNK)
            self.bring(folder)
            for name in sorted(files):
                self._bring_inner(f"{folder}/{name}")
                if name.endswith(".py"):
                    self._bring_rewritten(Path(folder, name))
            for name in folders:
                if os.path.islink(f"{folder}/{name}"):
                    self.link(f"{folder}/{name}", os.readlink(f"{folder}/{name}"))

    def _bring_inner(self, path: str) -> None:
        """One entry of a directory: a dangling link stays one, a socket stays behind."""
        if os.path.islink(path) and not os.path.exists(path):
            self.link(path, os.readlink(path))
        elif os.path.isfile(path):
            self.bring(path)

    def _bring_rewritten(self, source: Path) -> None:
        for rewritten in (source.parent / "__pycache__").glob(pytest_cached_names(source.name)):
            self.bring(rewritten)

    def bring_libraries(self, path: str, default_loader: str | None = None) -> None:
        """The shared libraries of an ELF file; nothing for any other."""
        if is_elf(Path(path)):
            for library in libraries(Path(path), default_loader):
                if library not in self:
                    self.bring(library)
