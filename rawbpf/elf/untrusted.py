"""pyelftools on untrusted files.

pyelftools trusts a file: that a table is where the header says, that a name ends soon, that a count
is right. In a damaged file it would seek beyond the end, read a name of megabytes for each of
thousands of sections, or parse tables that are not needed. So it gets

- a stream that knows the end of the file and limits the number of reads (``_Metered``): whatever
  pyelftools does, it does not do it for long
- only sections of the types that are needed: it parses others (hashes, notes, attributes) as soon
  as they are opened
- only checked numbers, where a wrong answer would look like a right one

Then pyelftools raises its own ELFError, which becomes a FormatError here. (It also turns any error
while it parses a structure into an ELFError.)
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING

from elftools.common.exceptions import ELFError
from elftools.common.utils import struct_parse
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import StringTableSection

from rawbpf.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elftools.construct import Container

__all__ = ["Sections", "elf_errors", "open_elf"]

_ENOUGH = 200_000
"""Limit of reads. Each takes pyelftools 2 to 4 us: together a second, enough for 10,000 symbols."""

_PAGE = 12
"""A large read counts as one more for each 4 KiB (1 << _PAGE)."""


class _Metered(io.BufferedReader):
    """A file that raises ELFError when it is read beyond its end or too often."""

    def __init__(self, raw: io.FileIO | io.BytesIO) -> None:
        super().__init__(raw)
        self._length = super().seek(0, io.SEEK_END)
        self._left = _ENOUGH

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Seek to an offset. Raise ELFError if it is beyond the end of the file."""
        if whence == io.SEEK_SET and offset > self._length:
            raise ELFError(f"it refers to offset {offset:#x}, but has {self._length:#x} bytes")
        return super().seek(offset, whence)

    def read(self, size: int | None = -1) -> bytes:
        """Return up to ``size`` bytes. Raise ELFError once the limit of reads is reached."""
        wanted = self._length if size is None or size < 0 else min(size, self._length)
        self._left -= 1 + (wanted >> _PAGE)
        if self._left < 0:
            raise ELFError(f"reading it takes more than {_ENOUGH} steps; it may just be too large")
        return super().read(wanted)


@contextmanager
def elf_errors() -> Iterator[None]:
    """Turn errors of pyelftools into FormatError."""
    try:
        yield
    except ELFError as error:
        raise FormatError("damaged ELF file", why=str(error)) from None


class _Strings:
    """A string table; all strings, including the last, end with a zero byte."""

    def __init__(self, elf: ELFFile, header: Container) -> None:
        self._size = header["sh_size"] if header["sh_type"] == "SHT_STRTAB" else 0
        self._table = StringTableSection(header, "", elf)
        if self._size:
            elf.stream.seek(header["sh_offset"] + self._size - 1)
            if elf.stream.read(1) != b"\0":
                raise FormatError(
                    "damaged ELF file", why="a string table does not end with a zero byte"
                )

    def check(self, offset: int) -> None:
        """Raise FormatError if an offset is outside the table."""
        if offset >= max(self._size, 1):
            size = self._size
            raise FormatError(f"a name at offset {offset:#x} of a string table of {size:#x} bytes")

    def at(self, offset: int) -> str:
        """Return the string at an offset. Raise FormatError if it is outside the table."""
        self.check(offset)
        return self._table.get_string(offset) if self._size else ""


def open_elf(file: io.FileIO | io.BytesIO) -> ELFFile:
    """Open an ELF file of any class and machine, reading only its header.

    The caller closes the file; ``stream.detach()`` of the result releases it. Raise FormatError if
    it is not an ELF file.

    >>> open_elf(io.BytesIO(b"what?"))
    Traceback (most recent call last):
    ...
    rawbpf.errors.FormatError: damaged ELF file: Magic number does not match
    """
    stream = _Metered(file)
    try:
        with elf_errors():
            return ELFFile(stream)
    except BaseException:
        stream.detach()
        raise


class Sections:
    """The section headers of a file, and the names of the sections."""

    def __init__(self, elf: ELFFile) -> None:
        self._elf = elf
        with elf_errors():
            self.headers = list(self._headers())
            self.names = self._names()

    def _headers(self) -> Iterator[Container]:
        layout, start = self._elf.structs.Elf_Shdr, self._elf["e_shoff"]
        size, each = layout.sizeof(), self._elf["e_shentsize"]
        if start and each != size:
            raise FormatError("damaged ELF header", why=f"section headers of {each} bytes")
        count, length = self._elf.num_sections(), self._elf.stream_len
        if start + count * size > length:
            why = f"{count} section headers at {start:#x}, but it has {length:#x} bytes"
            raise FormatError("truncated ELF file", why=why)
        for number in range(count):
            yield struct_parse(layout, self._elf.stream, start + number * size)

    def _names(self) -> list[str]:
        if not self.headers:
            return []
        index = self._elf.get_shstrndx()
        if index >= len(self.headers):
            raise FormatError("damaged ELF header", why=f"section names are in section {index}")
        strings = _Strings(self._elf, self.headers[index])
        return [strings.at(header["sh_name"]) for header in self.headers]

    def contents(self, number: int) -> bytes:
        """Return a section's bytes as in the file, without decompression."""
        offset, size = self.headers[number]["sh_offset"], self.headers[number]["sh_size"]
        if offset + size > self._elf.stream_len:
            why = f"{size:#x} bytes at {offset:#x}, but the file has {self._elf.stream_len:#x}"
            raise FormatError(f"section {number} exceeds the ELF file", why=why)
        with elf_errors():
            self._elf.stream.seek(offset)
            return self._elf.stream.read(size)
