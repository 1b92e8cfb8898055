"""Limits and checks that make pyelftools safe for untrusted files.

pyelftools trusts the data in the file, such as table offsets, entry counts and the lengths of
names. With a damaged file, pyelftools would seek beyond the end, read a megabyte-long name for each
of thousands of sections, or parse tables that are not needed. This module therefore gives
pyelftools

- a stream that knows the end of the file and limits the number of reads (``_Metered``): this bounds
  the run time
- only sections of the types that are needed: it parses others (hashes, notes, attributes) as soon
  as they are opened
- only checked numbers, where a wrong answer would look like a right one

pyelftools then raises its own ELFError, which this module converts to FormatError. (pyelftools also
converts any error that occurs while it parses a structure to ELFError.)
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
"""Limit of reads.

pyelftools takes 2 to 4 us per read, so the limit amounts to about a second, which is enough for
10,000 symbols."""

_PAGE = 12
"""A large read counts as one additional read per 4 KiB (1 << _PAGE)."""


class _Metered(io.BufferedReader):
    """A file object that raises ELFError on reads past the end or after too many reads."""

    def __init__(self, raw: io.FileIO | io.BytesIO) -> None:
        super().__init__(raw)
        self._length = super().seek(0, io.SEEK_END)
        self._left = _ENOUGH

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Seek to an offset in the file.

        Raises ELFError if the offset is beyond the end of the file.
        """
        if whence == io.SEEK_SET and offset > self._length:
            raise ELFError(
                f"the file refers to offset {offset:#x}, but is {self._length:#x} bytes long"
            )
        return super().seek(offset, whence)

    def read(self, size: int | None = -1) -> bytes:
        """Read up to ``size`` bytes. Raises ELFError if the number of reads exceeds the limit."""
        wanted = self._length if size is None or size < 0 else min(size, self._length)
        self._left -= 1 + (wanted >> _PAGE)
        if self._left < 0:
            raise ELFError(
                f"reading the file takes more than {_ENOUGH} steps; the file may simply be "
                "too large"
            )
        return super().read(wanted)


@contextmanager
def elf_errors() -> Iterator[None]:
    """Convert errors raised by pyelftools to FormatError."""
    try:
        yield
    except ELFError as error:
        raise FormatError("damaged ELF file", why=str(error)) from None


class _Strings:
    """A string table, in which every string ends with a zero byte."""

    def __init__(self, elf: ELFFile, header: Container) -> None:
        self._size = header["sh_size"] if header["sh_type"] == "SHT_STRTAB" else 0
        self._table = StringTableSection(header, "", elf)
        if self._size:
            elf.stream.seek(header["sh_offset"] + self._size - 1)
            if elf.stream.read(1) != b"\0":
                raise FormatError(
                    "damaged ELF file", why="a string table does not end with a NUL byte"
                )

    def check(self, offset: int) -> None:
        """Raise FormatError if an offset is outside the table."""
        if offset >= max(self._size, 1):
            size = self._size
            raise FormatError(
                f"name offset {offset:#x} is past the end of the string table ({size:#x} bytes)"
            )

    def at(self, offset: int) -> str:
        """Return the string at an offset of the table.

        Raises FormatError if the offset is outside the table.
        """
        self.check(offset)
        return self._table.get_string(offset) if self._size else ""


def open_elf(file: io.FileIO | io.BytesIO) -> ELFFile:
    """Open an ELF file of any class and for any machine, and read only its header.

    The caller must close the file, or release it by calling ``stream.detach()`` on the result.
    Raises FormatError if the file is not an ELF file.

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
    """The section headers and section names of a file."""

    def __init__(self, elf: ELFFile) -> None:
        self._elf = elf
        with elf_errors():
            self.headers = list(self._headers())
            self.names = self._names()

    def _headers(self) -> Iterator[Container]:
        layout, start = self._elf.structs.Elf_Shdr, self._elf["e_shoff"]
        size, each = layout.sizeof(), self._elf["e_shentsize"]
        if start and each != size:
            raise FormatError("damaged ELF header", why=f"invalid section header size {each}")
        count, length = self._elf.num_sections(), self._elf.stream_len
        if start + count * size > length:
            why = f"{count} section headers at {start:#x}, but the file is {length:#x} bytes long"
            raise FormatError("truncated ELF file", why=why)
        for number in range(count):
            yield struct_parse(layout, self._elf.stream, start + number * size)

    def _names(self) -> list[str]:
        if not self.headers:
            return []
        index = self._elf.get_shstrndx()
        if index >= len(self.headers):
            raise FormatError(
                "damaged ELF header",
                why=f"section {index}, which should contain the section names, does not exist",
            )
        strings = _Strings(self._elf, self.headers[index])
        return [strings.at(header["sh_name"]) for header in self.headers]

    def contents(self, number: int) -> bytes:
        """Return the bytes of a section as stored in the file, without decompressing them."""
        offset, size = self.headers[number]["sh_offset"], self.headers[number]["sh_size"]
        if offset + size > self._elf.stream_len:
            why = (
                f"{size:#x} bytes at {offset:#x}, but the file is {self._elf.stream_len:#x} "
                "bytes long"
            )
            raise FormatError(f"section {number} extends past the end of the ELF file", why=why)
        with elf_errors():
            self._elf.stream.seek(offset)
            return self._elf.stream.read(size)
