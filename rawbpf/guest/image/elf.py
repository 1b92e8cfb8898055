"""Find an executable's shared libraries, and strip debugging sections from ELF files.

A dynamic executable names its loader in the program header PT_INTERP. ``ld.so --list FILE``
resolves DT_NEEDED, RPATH, $ORIGIN and its cache exactly as it would at run time. A shared library,
such as a Python extension module, does not name a loader, so the interpreter's loader is used.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from rawbpf.command_words import path_word

__all__ = ["contents", "is_elf", "libraries", "loader", "machine", "without_debug_information"]

_PT_INTERP = 3
_SEGMENT = struct.Struct("<IIQQQQQQ")  # Elf64_Phdr
_SECTION = struct.Struct("<IIQQQQIIQQ")  # Elf64_Shdr
_SHF_ALLOC = 2


def is_elf(path: Path) -> bool:
    """Return whether the file is an ELF file."""
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def machine(path: Path) -> int | None:
    """Return the machine (EM_*) that a little-endian ELF file is for, or None for other files."""
    with path.open("rb") as file:
        header = file.read(20)
    if header[:4] != b"\x7fELF" or len(header) < 20:
        return None
    return int.from_bytes(header[18:20], "little")


def loader(path: Path) -> str | None:
    """Return an executable's loader, or None if the file is static or a library.

    >>> import sys
    >>> from pathlib import Path
    >>> loader(Path(sys.executable))  # doctest: +ELLIPSIS
    '/lib.../ld-...'
    """
    data = path.read_bytes()
    for segment in _segments(data):
        if segment.kind == _PT_INTERP:
            return data[segment.offset : segment.end].rstrip(b"\0").decode(errors="surrogateescape")
    return None


def contents(data: bytes, section: str) -> bytes:
    """Return a section of a 64-bit little-endian ELF file, or no bytes if it is missing."""
    if data[:6] != b"\x7fELF\x02\x01" or len(data) < 64:
        return b""
    sections, where = _sections(data), struct.unpack_from("<H", data, 62)[0]
    if where >= len(sections):
        return b""
    wanted, names = section.encode() + b"\0", sections[where].offset
    for one in sections:
        if data[names + one.name : names + one.name + len(wanted)] == wanted:
            return data[one.offset : one.offset + one.size]
    return b""


def without_debug_information(data: bytes) -> bytes:
    """Return the file up to the end of its segments, including the section headers within them.

    In an interpreter that was built from source, debugging sections may be three times the size of
    the rest. Neither the kernel nor the loader reads debugging sections. Dynamic symbols are part
    of a segment, but they are found through their section header when a uprobe is placed on a
    function.
    """
    segments = _segments(data)
    if not segments:
        return data
    table_end = struct.unpack_from("<Q", data, 32)[0] + _SEGMENT.size * len(segments)
    end = max(table_end, *(segment.end for segment in segments))
    kept = bytearray(data[:end])
    sections = _sections(data)
    where = struct.unpack_from("<H", data, 62)[
        0
    ]  # e_shstrndx, the index of the section that contains the section names
    if where >= len(sections):
        sections = []
    for number, section in enumerate(sections):
        if number == where:
            sections[number] = section._replace(offset=len(kept))
            kept += data[section.offset : section.offset + section.size]
        elif not section.flags & _SHF_ALLOC:
            sections[number] = _Section(*bytes(len(section)))
    struct.pack_into("<Q", kept, 40, len(kept) if sections else 0)  # e_shoff
    struct.pack_into("<2H", kept, 60, len(sections), where if sections else 0)
    return bytes(kept) + b"".join(_SECTION.pack(*section) for section in sections)


class _Section(NamedTuple):
    """A section header (Elf64_Shdr)."""

    name: int
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry_size: int


def _sections(data: bytes) -> list[_Section]:
    """Return the section headers of a 64-bit little-endian ELF file."""
    start, size, count = *struct.unpack_from("<Q", data, 40), *struct.unpack_from("<2H", data, 58)
    table = data[start : start + _SECTION.size * count]
    if size != _SECTION.size or len(table) != _SECTION.size * count:
        return []
    return [_Section(*row) for row in _SECTION.iter_unpack(table)]


class _Range(NamedTuple):
    """A program header, which contains a type and the location of a segment in the file."""

    kind: int
    offset: int
    end: int


def _segments(data: bytes) -> list[_Range]:
    """Return the program headers of a 64-bit little-endian ELF file.

    For other files, return no program headers.
    """
    if data[:6] != b"\x7fELF\x02\x01" or len(data) < 64:
        return []
    start, count = *struct.unpack_from("<Q", data, 32), *struct.unpack_from("<H", data, 56)
    table = data[start : start + _SEGMENT.size * count]
    return [
        _Range(kind, offset, offset + size)
        for kind, _, offset, _, _, size, _, _ in _SEGMENT.iter_unpack(table)
    ]


_SYSTEM = ("/lib", "/lib32", "/lib64", "/libx32", "/usr", "/nix/store", "/gnu/store")
"""Folders for loaders that the administrator of the system has installed."""


def is_of_the_system(program: str) -> bool:
    """Return whether a loader may be run to list libraries.

    An executable names its own loader, so an untrusted executable could name any program. Only this
    Python's loader and loaders in the system's folders are run.

    >>> is_of_the_system("/lib64/ld-linux-x86-64.so.2"), is_of_the_system("/tmp/lib/ld.so")
    (True, False)
    """
    real = os.path.realpath(program)
    trusted = any(real.startswith(f"{os.path.realpath(folder)}/") for folder in _SYSTEM)
    return trusted or program == loader(Path(sys.executable))


def libraries(path: Path, default_loader: str | None) -> list[str]:
    """Return the paths of the loader and all libraries that a file needs.

    ``default_loader`` is used for files that do not name a loader. If ``default_loader`` is None,
    such files are assumed to need no libraries. The libraries of a file for another architecture
    are not known, so the result is empty.
    """
    named = loader(path)
    asked = named or default_loader
    if machine(path) != machine(Path(sys.executable)):  # a loader runs on its own machine only
        return []
    if asked is None or not is_of_the_system(asked):
        return []
    answer = subprocess.run(
        [asked, "--list", path_word(path)], capture_output=True, text=True, check=False
    )
    found = [asked] if named else []
    for line in answer.stdout.splitlines():
        # "libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x…)"; the vdso has no path.
        target = line.rpartition("=> ")[2].strip().partition(" (0x")[0]
        if target.startswith("/"):
            found.append(target)
    return found
