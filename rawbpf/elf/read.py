"""An ELF object taken apart: sections, symbols, relocations. Everything that it says is checked.

A file may be cut off anywhere, and its numbers may be anything. What leads outside the file, to a
section or a symbol that is not there, ends in a FormatError; nothing is allocated by a number that
only the file vouches for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.elf import layout as elf
from rawbpf.errors import FormatError, UnsupportedError

if TYPE_CHECKING:
    import struct
    from collections.abc import Iterator

__all__ = ["ObjectFile", "Relocation", "Section", "Symbol", "is_elf"]

_WITHOUT_BYTES = (elf.SHT_NULL, elf.SHT_NOBITS)

_MACHINES = {3: "x86", 40: "Arm", 62: "x86-64", 183: "AArch64", 243: "RISC-V"}


class Section(NamedTuple):
    """A section; ``contents`` are empty for one that has no bytes in the file (.bss)."""

    number: int
    name: str
    header: elf.SectionHeader
    contents: bytes

    @property
    def is_code(self) -> bool:
        """Whether it holds instructions."""
        return self.header.type == elf.SHT_PROGBITS and bool(self.header.flags & elf.SHF_EXECINSTR)


class Symbol(NamedTuple):
    """A name for ``size`` bytes at ``value`` of a section. A section's symbol has its name."""

    name: str
    type: int
    binding: int
    section: int
    value: int
    size: int


class Relocation(NamedTuple):
    """The bytes at ``offset`` of the section wait for ``symbol``."""

    offset: int
    symbol: Symbol
    type: int


def is_elf(data: bytes) -> bool:
    """Whether the data begins as an ELF file does."""
    return data.startswith(elf.EI_IDENT[:4])


class ObjectFile:
    """The parts of an object for BPF. FormatError: it is damaged, or no such object."""

    def __init__(self, data: bytes) -> None:
        header = _file_header(data)
        self.sections = _sections(data, header)
        self.symbols = self._symbols()
        self._tables: dict[int, list[Section]] = {}
        for table in self.sections:
            if table.header.type == elf.SHT_REL:
                self._tables.setdefault(table.header.info, []).append(table)

    def section(self, name: str) -> Section | None:
        """The first section of this name."""
        return next((one for one in self.sections if one.name == name), None)

    def code(self) -> list[Section]:
        """The sections that hold instructions, without empty ones."""
        return [one for one in self.sections if one.is_code and one.contents]

    def _symbols(self) -> list[Symbol]:
        tables = [one for one in self.sections if one.header.type == elf.SHT_SYMTAB]
        if not tables:
            return []
        strings = self._linked(tables[0], elf.SHT_STRTAB).contents
        rows = (elf.Symbol(*row) for row in _rows(tables[0], elf.SYMBOL))
        return [self._symbol(row, strings) for row in rows]

    def _symbol(self, row: elf.Symbol, strings: bytes) -> Symbol:
        kind = row.info & 0x0F
        name = _name(strings, row.name)
        if kind == elf.STT_SECTION and 0 < row.section < len(self.sections):
            name = self.sections[row.section].name
        return Symbol(name, kind, row.info >> 4, row.section, row.value, row.size)

    def relocations(self, section: Section) -> Iterator[Relocation]:
        """What in a section waits for symbols, in the file's order."""
        for table in self._tables.get(section.number, ()):
            for offset, info in _rows(table, elf.RELOCATION):
                yield self._relocation(table, section, offset, info)

    def _relocation(self, table: Section, section: Section, offset: int, info: int) -> Relocation:
        index = info >> 32
        if index >= len(self.symbols):
            what = f"a relocation in {table.name} names symbol {index}"
            raise FormatError(what, why=f"there are {len(self.symbols)}")
        if offset + 8 > len(section.contents):
            what = f"a relocation in {table.name} is at {offset:#x}"
            raise FormatError(what, why=f"{section.name} ends at {len(section.contents):#x}")
        return Relocation(offset, self.symbols[index], info & 0xFFFF_FFFF)

    def _linked(self, section: Section, kind: int) -> Section:
        """The section that ``link`` of another leads to."""
        link = section.header.link
        if link >= len(self.sections) or self.sections[link].header.type != kind:
            raise FormatError(f"section {section.name} links to {link}", why="it is not of use")
        return self.sections[link]


def _file_header(data: bytes) -> elf.FileHeader:
    """The file's header, if it is one of an object for BPF."""
    if not is_elf(data):
        raise FormatError("this is no ELF file", why=f"it begins with {data[:4].hex(' ')}")
    if len(data) < elf.FILE_HEADER.size:
        raise FormatError("the ELF file is cut off", why=f"{len(data)} bytes are no header")
    if data[4:6] != elf.EI_IDENT[4:6]:
        what = "this ELF file is " + ("big-endian" if data[5] == 2 else "not of 64 bits")
        raise UnsupportedError(what, fix="compile with -target bpfel")
    header = elf.FileHeader(*elf.FILE_HEADER.unpack_from(data))
    if header.machine != elf.EM_BPF:
        machine = _MACHINES.get(header.machine, f"machine {header.machine}")
        raise FormatError("this ELF file holds no BPF", why=f"it is for {machine}")
    if header.section_header_size != elf.SECTION_HEADER.size:
        why = f"section headers of {header.section_header_size} bytes"
        raise FormatError("damaged ELF header", why=why)
    return header


def _sections(data: bytes, header: elf.FileHeader) -> list[Section]:
    start, count = header.section_headers, header.section_count
    if start + count * elf.SECTION_HEADER.size > len(data):
        why = f"{count} section headers at {start:#x} are not in {len(data):#x} bytes"
        raise FormatError("the ELF file is cut off", why=why)
    rows = [
        elf.SectionHeader(*elf.SECTION_HEADER.unpack_from(data, start + at * 64))
        for at in range(count)
    ]
    if count and header.names_index >= count:
        raise FormatError("damaged ELF header", why=f"section {header.names_index} for names")
    _check_places(rows, len(data))
    contents = [_contents(data, row) for row in rows]
    names = contents[header.names_index] if count else b""
    return [Section(at, _name(names, row.name), row, contents[at]) for at, row in enumerate(rows)]


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


def _contents(data: bytes, header: elf.SectionHeader) -> bytes:
    without = header.type in _WITHOUT_BYTES
    return b"" if without else data[header.offset : header.offset + header.size]


def _rows(section: Section, layout: struct.Struct) -> Iterator[tuple[int, ...]]:
    """The entries of a table."""
    if len(section.contents) % layout.size:
        why = f"{len(section.contents)} bytes, {layout.size} each"
        raise FormatError(f"section {section.name} ends inside an entry", why=why)
    return layout.iter_unpack(section.contents)


def _name(strings: bytes, offset: int) -> str:
    end = strings.find(b"\0", offset)
    if offset and (offset >= len(strings) or end < 0):
        raise FormatError(f"a name at {offset:#x} of {len(strings):#x} bytes of strings")
    return strings[offset : max(end, 0)].decode(errors="surrogateescape")
