"""The tables of an object for BPF: sections, symbols, relocations, each entry checked.

pyelftools opens the file: it knows what an ELF file may be, and finds the table of sections in any.
What an object for BPF then has is tables of entries of one size, thousands at times. Those are read
by the layouts that the file's writer (``image``) uses, ten times as fast as one by one.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rawbpf.elf import layout as elf
from rawbpf.elf.parts import Relocation, Section, Symbol
from rawbpf.elf.untrusted import open_elf, refusals
from rawbpf.errors import FormatError, UnsupportedError

if TYPE_CHECKING:
    import struct

    from elftools.elf.elffile import ELFFile

__all__ = ["ObjectDecoder"]

_WITHOUT_BYTES = (elf.SHT_NULL, elf.SHT_NOBITS)

_HIDDEN = (1, 2)  # STV_INTERNAL, STV_HIDDEN

_SHORTEST = 4
"""Bytes that a relocation fills at least: R_BPF_64_ABS32, in debug sections."""


class ObjectDecoder:
    """Reads the parts of an object. FormatError or UnsupportedError, from all: it cannot be."""

    def __init__(self, data: bytes) -> None:
        self.sections = _sections(data, _open(data))

    def symbols(self) -> list[Symbol]:
        """The symbols, in the order of their table; none without one."""
        table = next((one for one in self.sections if one.header.type == elf.SHT_SYMTAB), None)
        if table is None:
            return []
        _check_entries(table, elf.SYMBOL)
        names = _Names(self._link(table, elf.SHT_STRTAB).contents)
        rows = map(elf.Symbol._make, elf.SYMBOL.iter_unpack(table.contents))
        return [self._symbol(row, names) for row in rows]

    def _symbol(self, row: elf.Symbol, names: _Names) -> Symbol:
        kind, name = row.info & 0xF, names.at(row.name)
        if kind == elf.STT_SECTION and 0 < row.section < len(self.sections):
            name = self.sections[row.section].name
        hidden = row.other & 3 in _HIDDEN
        return Symbol(name, kind, row.info >> 4, row.section, row.value, row.size, hidden)

    def relocations(
        self, table: Section, section: Section, symbols: list[Symbol]
    ) -> list[Relocation]:
        """A table about a section."""
        _check_entries(table, elf.RELOCATION)
        rows = map(elf.Relocation._make, elf.RELOCATION.iter_unpack(table.contents))
        return [_relocation(row, table.name, section, symbols) for row in rows]

    def _link(self, section: Section, kind: int) -> Section:
        """The section that ``link`` of another leads to, if it is of this type."""
        link = section.header.link
        if link >= len(self.sections) or self.sections[link].header.type != kind:
            raise FormatError(f"section {section.name} links to {link}", why="it is not of use")
        return self.sections[link]


class _Names:
    """A table of strings: each ends with a zero, the last one too.

    Linkers let a name be the end of another. A file could make thousands of long names of a few
    bytes that way, so there is an end to what is read.
    """

    def __init__(self, data: bytes) -> None:
        self._data, self._left = data, 16 * len(data) + 65536
        self._known: dict[int, str] = {}
        if data and data[-1]:
            raise FormatError("damaged ELF file", why="its names do not end")

    def at(self, offset: int) -> str:
        """The string that begins there. FormatError: none does."""
        if offset not in self._known:
            self._known[offset] = self._read(offset)
        return self._known[offset]

    def _read(self, offset: int) -> str:
        if offset >= max(len(self._data), 1):
            raise FormatError(f"a name at {offset:#x} of {len(self._data):#x} bytes of strings")
        name = self._data[offset : self._data.find(0, offset)]  # the empty name of no table
        self._left -= len(name)
        if self._left < 0:
            raise FormatError("damaged ELF file", why="its names overlap again and again")
        return name.decode(errors="replace")


def _open(data: bytes) -> ELFFile:
    """The file, if it is an object for BPF."""
    if not data.startswith(elf.EI_IDENT[:4]):
        raise FormatError("this is no ELF file", why=f"it begins with {data[:4].hex(' ')}")
    if len(data) < elf.FILE_HEADER.size:
        raise FormatError("the ELF file is cut off", why=f"{len(data)} bytes are no header")
    file = open_elf(io.BytesIO(data))
    if file.elfclass != 64 or not file.little_endian:
        what = "this ELF file is " + ("not of 64 bits" if file.little_endian else "big-endian")
        raise UnsupportedError(what, fix="compile with -target bpfel")
    if file["e_machine"] != "EM_BPF":
        why = f"it is for {_machine(file['e_machine'])}"
        raise FormatError("this ELF file holds no BPF", why=why)
    return file


def _machine(name: str | int) -> str:
    """``EM_X86_64`` as people write it."""
    if isinstance(name, int):
        return f"machine {name}"
    return name.removeprefix("EM_").replace("_", "-").lower()


def _sections(data: bytes, file: ELFFile) -> list[Section]:
    rows, names_index = _headers(data, file)
    _check_places(rows, len(data))
    contents = [
        b"" if row.type in _WITHOUT_BYTES else data[row.offset : row.offset + row.size]
        for row in rows
    ]
    if rows and names_index >= len(rows):
        raise FormatError("damaged ELF header", why=f"section {names_index} for names")
    has_names = rows and rows[names_index].type == elf.SHT_STRTAB
    names = _Names(contents[names_index] if has_names else b"")
    return [
        Section(at, names.at(row.name), row, bytes_)
        for at, (row, bytes_) in enumerate(zip(rows, contents, strict=True))
    ]


def _headers(data: bytes, file: ELFFile) -> tuple[list[elf.SectionHeader], int]:
    """All section headers, and the index of the one with their names."""
    start, size = file["e_shoff"], elf.SECTION_HEADER.size
    if start and file["e_shentsize"] != size:
        each = file["e_shentsize"]
        raise FormatError("damaged ELF header", why=f"section headers of {each} bytes")
    with refusals():
        count, names_index = file.num_sections(), file.get_shstrndx() if start else 0
    end = start + count * size
    if end > len(data):
        why = f"{count} section headers at {start:#x} are not in {len(data):#x} bytes"
        raise FormatError("the ELF file is cut off", why=why)
    rows = map(elf.SectionHeader._make, elf.SECTION_HEADER.iter_unpack(data[start:end]))
    return list(rows), names_index


def _check_places(rows: list[elf.SectionHeader], size: int) -> None:
    """Every section is in the file, and no byte in two: a small file could claim to be huge."""
    end = 0
    for number, row in sorted(enumerate(rows), key=lambda pair: pair[1].offset):
        if not row.size or row.type in _WITHOUT_BYTES:
            continue
        if row.offset + row.size > size:
            why = f"{row.size:#x} bytes at {row.offset:#x}, of {size:#x}"
            raise FormatError(f"section {number} is not in the ELF file", why=why)
        if row.offset < end:
            raise FormatError("damaged ELF file", why=f"sections overlap at {row.offset:#x}")
        end = row.offset + row.size


def _check_entries(table: Section, layout: struct.Struct) -> None:
    """The table consists of entries, of the size that they have."""
    if table.header.entry_size != layout.size:
        why = f"they have {layout.size}"
        raise FormatError(f"entries of {table.header.entry_size} bytes in {table.name}", why=why)
    if len(table.contents) % layout.size:
        why = f"{len(table.contents)} bytes, {layout.size} each"
        raise FormatError(f"section {table.name} ends inside an entry", why=why)


def _relocation(
    row: elf.Relocation, table: str, section: Section, symbols: list[Symbol]
) -> Relocation:
    offset, index = row.offset, row.info >> 32
    if index >= len(symbols):
        what = f"a relocation in {table} names symbol {index}"
        raise FormatError(what, why=f"there are {len(symbols)}")
    if offset + _SHORTEST > len(section.contents):
        what = f"a relocation in {table} is at {offset:#x}"
        raise FormatError(what, why=f"{section.name} ends at {len(section.contents):#x}")
    return Relocation(offset, symbols[index], row.info & 0xFFFFFFFF)
