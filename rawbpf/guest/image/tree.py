"""The contents of an archive, which are host files under the same paths.

A path may lead through symbolic links (/lib64, or the python of a virtual environment). Links are
preserved and their targets are added, so that each path has the same meaning in the guest. Paths
are strings here, because pathlib would normalize away components that must be followed.
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

__all__ = ["JUNK", "Tree", "is_of_the_guest"]

JUNK = frozenset({"__pycache__", ".git", ".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache",
                  ".hypothesis", ".import_linter_cache", "node_modules"})  # fmt: skip
"""Folders that are never needed."""

_OF_THE_GUEST = ("/dev", "/proc", "/sys")

_MOST_LINKS = 40  # MAXSYMLINKS, the limit that the kernel itself uses


def is_of_the_guest(path: str | Path) -> bool:
    """Return whether a path belongs to the guest's own kernel, so that copying it would be useless.

    >>> is_of_the_guest("/proc/kmsg"), is_of_the_guest("/etc")
    (True, False)
    """
    real = os.path.realpath(path)
    return any(real == place or real.startswith(f"{place}/") for place in _OF_THE_GUEST)


class Tree:
    """The members of an archive by path, with folders before their contents.

    In a trimmed tree, executables and libraries have no debugging sections.

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
        """Add or replace a member, and add missing parent folders."""
        parent = os.path.dirname(member.path)
        if parent and parent not in self._members:
            self.directory(parent)
        self._members[member.path] = member

    def directory(self, path: str, mode: int = 0o755) -> None:
        """Add an empty folder."""
        self.put(Member(path.strip("/"), stat.S_IFDIR | mode))

    def file(self, path: str, data: bytes, mode: int = 0o644, mtime: int = 0) -> None:
        """Add a file with the given contents."""
        self.put(Member(path.strip("/"), stat.S_IFREG | mode, data, mtime))

    def link(self, path: str, target: str) -> None:
        """Add a symbolic link."""
        self.put(Member(path.strip("/"), stat.S_IFLNK | 0o777, os.fsencode(target)))

    def device(self, path: str, mode: int, number: tuple[int, int]) -> None:
        """Add a character device."""
        self.put(Member(path.strip("/"), stat.S_IFCHR | mode, device=number))

    def bring(self, path: str | Path) -> str:
        """Add the host's file at ``path``, with all links that lead to it.

        Return the real path of the file. A folder is added without its contents.
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
            data = _read(path, status)
        except OSError as error:
            raise UsageError(f"cannot copy {path} into the guest", why=error.strerror) from None
        if stat.S_ISDIR(status.st_mode):
            self.directory(path)
        elif stat.S_ISREG(status.st_mode):
            mode = 0o755 if status.st_mode & 0o111 else 0o644
            if self._trimmed:
                data = without_debug_information(data)
            self.file(path, data, mode, int(status.st_mtime))
        else:
            raise UsageError(f"{path} is neither a file nor a folder")

    def bring_all(self, path: str | Path) -> list[str]:
        """Add a file, or a folder with its contents except JUNK.

        The libraries of executables are also added.

        Return a line for each file in the folder that cannot be read.
        """
        omitted: list[str] = []
        real = self.bring(path)
        if not os.path.isdir(real):
            self.bring_libraries(real)
            return omitted
        for folder, folders, files in os.walk(real):
            folders[:] = sorted(
                name
                for name in folders
                if name not in JUNK and f"{folder}/{name}" not in _OF_THE_GUEST
            )
            self.bring(folder)
            for name in sorted(files):
                try:
                    self._bring_inner(f"{folder}/{name}")
                except UsageError as error:
                    omitted.append(error.headline)
                    continue
                if name.endswith(".py"):
                    self._bring_rewritten(Path(folder, name))
            for name in folders:
                if os.path.islink(f"{folder}/{name}"):
                    self.link(f"{folder}/{name}", os.readlink(f"{folder}/{name}"))
        return omitted

    def _bring_inner(self, path: str) -> None:
        """Add an entry of a folder. Dangling links are preserved, and sockets are omitted."""
        if os.path.islink(path) and not os.path.exists(path):
            self.link(path, os.readlink(path))
        elif os.path.isfile(path):
            self.bring(path)

    def _bring_rewritten(self, source: Path) -> None:
        for rewritten in (source.parent / "__pycache__").glob(pytest_cached_names(source.name)):
            self.bring(rewritten)

    def bring_libraries(self, path: str, default_loader: str | None = None) -> None:
        """Add an ELF file's shared libraries."""
        if is_elf(Path(path)):
            for library in libraries(Path(path), default_loader):
                if library not in self:
                    self.bring(library)


def _read(path: str, status: os.stat_result) -> bytes:
    """Return a regular file's contents, limited to the size that the file reports.

    In a container's root, files of proc report a size of 0. Without the limit, reading /proc/kmsg
    would block forever.
    """
    if not stat.S_ISREG(status.st_mode):
        return b""
    with open(path, "rb") as file:
        return file.read(status.st_size) if status.st_size else b""
