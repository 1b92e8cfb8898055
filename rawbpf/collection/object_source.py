"""Read a file and return the spec of the object that it contains.

A tool that was built with a libbpf skeleton contains a complete ELF object as a string constant.
Such an embedded object is found by its ELF header:

    7f 45 4c 46 02 01 01 ...   the magic, 64 bits, little-endian (or big-endian), version 1
    at 16: e_type 1 (REL), at 18: e_machine 247 (EM_BPF)

The object ends with the section header table, which clang and bpftool write last.
"""

from __future__ import annotations

import os
import stat
import struct
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import FormatError
from rawbpf.input_file import LARGEST, open_input, read_input

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rawbpf.specs.object_spec import ObjectSpec

__all__ = [
    "Embedded",
    "embedded_objects",
    "is_bpf",
    "objects_in",
    "objects_of",
    "read_object",
    "spec_of",
]

_CHUNK = 1 << 20  # the number of bytes read at a time

_MAGIC = b"\x7fELF\x02"
_EM_BPF = 247
_HEADER_SIZE = 64
_MACHINE_AT, _SHOFF_AT, _SHENTSIZE_AT = 18, 40, 58

_OBJECTS = "specify a .bpf.o, .bpf.c or .bpf.s file, or a tool that contains an object"
_COMPILE = "compile the file first: clang -target bpf -O2 -g -c, or rawbpf.source.c.clang.compile_c"


def read_object(path: Path) -> ObjectSpec:
    """Return the spec from an object file, from assembly (.bpf.s), or from an executable."""
    if path.suffix == ".s":
        from rawbpf.source.assembler import assemble_file

        return assemble_file(path)
    from rawbpf.elf.object import open_object

    return open_object(objects_of(path)[0].data)


def objects_of(path: Path) -> list[Embedded]:
    """Return the object in an object file, or all objects embedded in an executable.

    Raises FormatError if the file contains no object. Executables may be large: for example,
    statically linked Go programs often exceed 100 MB. An executable is therefore searched in
    chunks, and only the objects are kept in memory.
    """
    with open_input(path) as file:
        status = os.fstat(file.fileno())
        if stat.S_ISREG(status.st_mode) and status.st_size > LARGEST:
            view = _FileView(file.fileno(), status.st_size)
            if not is_bpf(view):
                return objects_in(view, str(path))
    return objects_in(read_input(path), str(path))


class _FileView:
    """A file as a sequence of bytes, which are read only when they are requested."""

    def __init__(self, fd: int, size: int) -> None:
        self._fd, self._size = fd, size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        start, stop, _ = part.indices(self._size)
        return os.pread(self._fd, max(stop - start, 0), start)

    def find(self, what: bytes, start: int) -> int:
        """Return the offset of the next occurrence at or after ``start``, or -1."""
        while start < self._size:
            found = self[start : start + _CHUNK].find(what)
            if found >= 0:
                return start + found
            start += _CHUNK - len(what) + 1
        return -1


def spec_of(data: bytes, name: str) -> ObjectSpec:
    """Return the spec of an object, or of the first object in an executable."""
    from rawbpf.elf.object import open_object

    return open_object(objects_in(data, name)[0].data)


def objects_in(data: bytes | _FileView, name: str) -> list[Embedded]:
    """Return the object that the data consists of, or all objects embedded in it.

    Raises FormatError if the data contains no object.
    """
    if data[:4] != b"\x7fELF":
        raise FormatError(
            f"{name} is not a BPF object",
            why="the file is not an ELF file",
            fix=_COMPILE if name.endswith(".c") else _OBJECTS,
        )
    if is_bpf(data):
        return [Embedded(0, data[:])]
    inside = list(embedded_objects(data))
    if not inside:
        what = f"{name} contains no BPF object"
        raise FormatError(what, why="the ELF file is for another machine")
    return inside


class Embedded(NamedTuple):
    """An object and its offset in the file."""

    at: int
    data: bytes


def is_bpf(data: bytes | _FileView, at: int = 0) -> bool:
    """Return whether the ELF file at this offset is for the BPF machine."""
    return data[at + _MACHINE_AT : at + _MACHINE_AT + 2] in (
        _EM_BPF.to_bytes(2, "little"),
        _EM_BPF.to_bytes(2, "big"),
    )


def embedded_objects(data: bytes | _FileView) -> Iterator[Embedded]:
    """Yield the BPF objects inside an ELF file for another machine, in file order.

    A header is skipped if its object would extend past the end of the file, because loaders
    themselves contain such bytes. Objects do not overlap, so their total size is at most the size
    of the file.
    """
    at, left = data.find(_MAGIC, 1), LARGEST
    while at >= 0:
        end = _end(data, at) if is_bpf(data, at) else 0
        if end:
            left -= end - at
            if left < 0:
                raise FormatError(f"the objects in this file are larger than {LARGEST >> 20} MiB")
            yield Embedded(at, data[at:end])
        at = data.find(_MAGIC, end or at + 1)


def _end(data: bytes | _FileView, at: int) -> int:
    """Return the end of the section header table, or 0 if the table is not in the file."""
    if len(data) - at < _HEADER_SIZE:
        return 0
    header = data[at : at + _HEADER_SIZE]
    order = "<" if header[5] == 1 else ">"
    (table,) = struct.unpack_from(order + "Q", header, _SHOFF_AT)
    size, count = struct.unpack_from(order + "HH", header, _SHENTSIZE_AT)
    end: int = at + table + size * count
    return end if at + _HEADER_SIZE <= end <= len(data) else 0
