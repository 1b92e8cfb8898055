"""pyelftools, on files that nobody vouches for.

pyelftools believes a file: that a table is where its header says, that a name ends soon, that a
count is a count. On a damaged file it would seek past any end, read one name of megabytes for each
of thousands of sections, or take apart tables that nobody asked for. So it gets

- a stream that knows where the file ends and when it was read enough (``_Metered``): whatever
  pyelftools is led to do, it does not do it for long;
- only sections of the types that are wanted: others (hashes, notes, attributes) are taken apart
  as soon as they are opened;
- no numbers that were not checked, where a wrong answer would look like a right one.

With that, what pyelftools raises is its own ELFError, and here it becomes a FormatError. (What
goes wrong while it takes a structure apart, whatever it is, it turns into an ELFError itself.)
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

__all__ = ["Sections", "open_elf", "refusals"]

_ENOUGH = 200_000
"""Reads of a field, each 2 to 4 us of pyelftools' time: a second, or 10,000 symbols."""

_PAGE = 12
"""A large read counts once more for every 4 KiB."""


class _Metered(io.BufferedReader):
    """A file that refuses to be read past its end, or without end: by an ELFError, as all do."""

    def __init__(self, raw: io.FileIO | io.BytesIO) -> None:
        super().__init__(raw)
        self._length = super().seek(0, io.SEEK_END)
        self._left = _ENOUGH

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go there, if it is in the file."""
        if whence == io.SEEK_SET and offset > self._length:
            raise ELFError(f"it refers to {offset:#x}, and has {self._length:#x} bytes")
        return super().seek(offset, whence)

    def read(self, size: int | None = -1) -> bytes:
        """Up to ``size`` bytes, if that was not enough reading."""
        wanted = self._length if size is None or size < 0 else min(size, self._length)
        self._left -= 1 + (wanted >> _PAGE)
        if self._left < 0:
            raise ELFError(f"it may only be too large: {_ENOUGH} reads were not enough")
        return super().read(wanted)


@contextmanager
def refusals() -> Iterator[None]:
    """What pyelftools finds wrong, as a FormatError."""
    try:
        yield
    except ELFError as error:
        raise FormatError("damaged ELF file", why=str(error)) from None


class _Strings:
    """A table of strings: each ends with a zero, the last one too."""

    def __init__(self, elf: ELFFile, header: Container) -> None:
        self._size = header["sh_size"] if header["sh_type"] == "SHT_STRTAB" else 0
        self._table = StringTableSection(header, "", elf)
        if self._size:
            elf.stream.seek(header["sh_offset"] + self._size - 1)
            if elf.stream.read(1) != b"\0":
                raise FormatError("damaged ELF file", why="its names do not end")

    def check(self, offset: int) -> None:
        """FormatError: no string begins there."""
        if offset >= max(self._size, 1):
            raise FormatError(f"a name at {offset:#x} of {self._size:#x} bytes of strings")

    def at(self, offset: int) -> str:
        """The string that begins there."""
        self.check(offset)
        return self._table.get_string(offset) if self._size else ""


def open_elf(file: io.FileIO | io.BytesIO) -> ELFFile:
    """A file of any class and machine, of which only the file's header was read.

    The file stays the caller's to close: ``stream.detach()`` of the result lets go of it.

    >>> open_elf(io.BytesIO(b"what?"))
    Traceback (most recent call last):
    ...
    rawbpf.errors.FormatError: damaged ELF file: Magic number does not match
    """
    stream = _Metered(file)
    try:
        with refusals():
            return ELFFile(stream)
    except BaseException:
        stream.detach()
        raise


class Sections:
    """The headers of a file's sections, and their names."""

    def __init__(self, elf: ELFFile) -> None:
        self._elf = elf
        with refusals():
            self.headers = list(self._headers())
            self.names = self._names()

    def _headers(self) -> Iterator[Container]:
        layout, start = self._elf.structs.Elf_Shdr, self._elf["e_shoff"]
        size, each = layout.sizeof(), self._elf["e_shentsize"]
        if start and each != size:
            raise FormatError("damaged ELF header", why=f"section headers of {each} bytes")
        count, length = self._elf.num_sections(), self._elf.stream_len
        if start + count * size > length:
            why = f"{count} section headers at {start:#x} are not in {length:#x} bytes"
            raise FormatError("the ELF file is cut off", why=why)
        for number in range(count):
            yield struct_parse(layout, self._elf.stream, start + number * size)

    def _names(self) -> list[str]:
        if not self.headers:
            return []
        index = self._elf.get_shstrndx()
        if index >= len(self.headers):
            raise FormatError("damaged ELF header", why=f"section {index} for names")
        strings = _Strings(self._elf, self.headers[index])
        return [strings.at(header["sh_name"]) for header in self.headers]

    def contents(self, number: int) -> bytes:
        """A section's bytes as they are in the file, compressed ones too."""
        offset, size = self.headers[number]["sh_offset"], self.headers[number]["sh_size"]
        if offset + size > self._elf.stream_len:
            why = f"{size:#x} bytes at {offset:#x}, of {self._elf.stream_len:#x}"
            raise FormatError(f"section {number} is not in the ELF file", why=why)
        with refusals():
            self._elf.stream.seek(offset)
            return self._elf.stream.read(size)
