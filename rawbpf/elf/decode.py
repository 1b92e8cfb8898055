"""Decode the tables of a BPF object: sections, symbols and relocations.

Each table entry is validated.

The ELF header is parsed by pyelftools, which supports all variants of the header. The tables of a
BPF object have fixed-size entries, often thousands of them. Table entries are decoded with the
layouts that ``image`` uses for writing, which is ten times as fast as decoding each entry with
pyelftools.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rawbpf.asm.instruction import SLOT
from rawbpf.elf import layout as elf
from rawbpf.elf.parts import Relocation, Section, Symbol
from rawbpf.elf.untrusted import elf_errors, open_elf
from rawbpf.errors import FormatError, UnsupportedError

if TYPE_CHECKING:
    import struct

    from elftools.elf.elffile import ELFFile

__all__ = ["ObjectDecoder"]

_WITHOUT_BYTES = (elf.SHT_NULL, elf.SHT_NOBITS)

_HIDDEN = (1, 2)  # STV_INTERNAL, STV_HIDDEN

_MOST_ENTRIES = 1 << 18
"""The maximum number of instructions, symbols and relocations in an object, in total.

Each entry takes up to 200 bytes of memory.
"""

_LONGEST_NAMES = 1 << 24
"""The maximum size in bytes of all names read from one string table, in total."""

_SHORTEST = 4
"""The minimum number of bytes that a relocation modifies (R_BPF_64_ABS32, in debug sections)."""


class ObjectDecoder:
    """Reads an object's tables.

    All methods raise FormatError if the object is damaged.

    The constructor raises UnsupportedError if the class or byte order is not supported.
    """

    def __init__(self, data: bytes) -> None:
        self.sections = _sections(data, _open(data))
        self._left = _MOST_ENTRIES
        self._take(sum(len(one.contents) for one in self.sections if one.is_code) // SLOT)

    def symbols(self) -> list[Symbol]:
        """Return the symbols in symbol table order, or no symbols if there is no symbol table."""
        table = next((one for one in self.sections if one.header.type == elf.SHT_SYMTAB), None)
        if table is None:
            return []
        _check_entries(table, elf.SYMBOL)
        self._take(len(table.contents) // elf.SYMBOL.size)
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
        """Return a section's relocations from one of its relocation tables."""
        _check_entries(table, elf.RELOCATION)
        self._take(len(table.contents) // elf.RELOCATION.size)
        rows = map(elf.Relocation._make, elf.RELOCATION.iter_unpack(table.contents))
        return [_relocation(row, table.name, section, symbols) for row in rows]

    def _take(self, count: int) -> None:
        """Count entries before they are decoded.

        Raises FormatError if the limit is exceeded.
        """
        self._left -= count
        if self._left < 0:
            why = f"more than {_MOST_ENTRIES} instructions, symbols and relocations in total"
            raise FormatError("this object is too large", why=why)

    def _link(self, section: Section, kind: int) -> Section:
        """Return the section that a section header links to, if that section has the given type."""
        link = section.header.link
        if link >= len(self.sections) or self.sections[link].header.type != kind:
            raise FormatError(
                f"section {section.name} links to the invalid section {link}", why="wrong type"
            )
        return self.sections[link]


class _Names:
    """A string table, in which every string ends with a zero byte.

    If a name is a suffix of another name, linkers store only the longer one. A malicious file could
    define thousands of long names with few bytes, so the total number of bytes read is limited.
    """

    def __init__(self, data: bytes) -> None:
        self._data, self._left = data, min(16 * len(data) + 65536, _LONGEST_NAMES)
        self._known: dict[int, str] = {}
        if data and data[-1]:
            raise FormatError("damaged ELF file", why="a string table does not end with a NUL byte")

    def at(self, offset: int) -> str:
        """Return the string at an offset of the string table.

        Raises FormatError if the offset is outside the table.
        """
        if offset not in self._known:
            self._known[offset] = self._read(offset)
        return self._known[offset]

    def _read(self, offset: int) -> str:
        if offset >= max(len(self._data), 1):
            size = len(self._data)
            raise FormatError(
                f"name offset {offset:#x} is past the end of the string table ({size:#x} bytes)"
            )
        # If there is no string table, the name is empty.
        name = self._data[offset : self._data.find(0, offset)]
        self._left -= len(name)
        if self._left < 0:
            raise FormatError("damaged ELF file", why="too many names overlap")
        # Escaping allows users to type the name as displayed.
        return name.decode(errors="backslashreplace")


def _open(data: bytes) -> ELFFile:
    """Open the file. Raise FormatError or UnsupportedError unless the file is a BPF object."""
    if not data.startswith(elf.EI_IDENT[:4]):
        raise FormatError("not an ELF file", why=f"unexpected first bytes: {data[:4].hex(' ')}")
    if len(data) < elf.FILE_HEADER.size:
        raise FormatError("truncated ELF file", why=f"{len(data)} bytes are too few for a header")
    file = open_elf(io.BytesIO(data))
    if file.elfclass != 64 or not file.little_endian:
        what = "this ELF file is " + ("32-bit" if file.little_endian else "big-endian")
        raise UnsupportedError(what, fix="compile with -target bpfel")
    if file["e_machine"] != "EM_BPF":
        why = f"the file is for {_machine(file['e_machine'])}"
        raise FormatError("this ELF file contains no BPF", why=why)
    return file


def _machine(name: str | int) -> str:
    """Return the usual name of a machine, such as x86-64 for EM_X86_64."""
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
        raise FormatError(
            "damaged ELF header",
            why=f"section {names_index}, which should contain the section names, does not exist",
        )
    has_names = rows and rows[names_index].type == elf.SHT_STRTAB
    names = _Names(contents[names_index] if has_names else b"")
    return [
        Section(at, names.at(row.name), row, bytes_)
        for at, (row, bytes_) in enumerate(zip(rows, contents, strict=True))
    ]


def _headers(data: bytes, file: ELFFile) -> tuple[list[elf.SectionHeader], int]:
    """Return all section headers, and the index of the section that contains the section names."""
    start, size = file["e_shoff"], elf.SECTION_HEADER.size
    if start and file["e_shentsize"] != size:
        each = file["e_shentsize"]
        raise FormatError("damaged ELF header", why=f"invalid section header size {each}")
    with elf_errors():
        count, names_index = file.num_sections(), file.get_shstrndx() if start else 0
    end = start + count * size
    if end > len(data):
        why = f"{count} section headers at {start:#x}, but the file is {len(data):#x} bytes long"
        raise FormatError("truncated ELF file", why=why)
    rows = map(elf.SectionHeader._make, elf.SECTION_HEADER.iter_unpack(data[start:end]))
    return list(rows), names_index


def _check_places(rows: list[elf.SectionHeader], size: int) -> None:
    """Raise FormatError if sections overlap or extend past the end of the file.

    Overlapping sections could make a small file seem huge.
    """
    end = 0
    for number, row in sorted(enumerate(rows), key=lambda pair: pair[1].offset):
        if not row.size or row.type in _WITHOUT_BYTES:
            continue
        if row.offset + row.size > size:
            why = f"{row.size:#x} bytes at {row.offset:#x}, but the file is {size:#x} bytes long"
            raise FormatError(f"section {number} extends past the end of the ELF file", why=why)
        if row.offset < end:
            raise FormatError("damaged ELF file", why=f"sections overlap at offset {row.offset:#x}")
        end = row.offset + row.size


def _check_entries(table: Section, layout: struct.Struct) -> None:
    """Raise FormatError unless the table consists of complete entries of the expected size."""
    if table.header.entry_size != layout.size:
        why = f"expected {layout.size}"
        raise FormatError(
            f"{table.name} has an invalid entry size ({table.header.entry_size} bytes)", why=why
        )
    if len(table.contents) % layout.size:
        why = f"its {len(table.contents)} bytes are not a multiple of {layout.size}"
        raise FormatError(f"section {table.name} ends inside an entry", why=why)


def _relocation(
    row: elf.Relocation, table: str, section: Section, symbols: list[Symbol]
) -> Relocation:
    offset, index = row.offset, row.info >> 32
    if index >= len(symbols):
        what = f"a relocation in {table} refers to the invalid symbol {index}"
        raise FormatError(what, why=f"the object has only {len(symbols)} symbols")
    if offset + _SHORTEST > len(section.contents):
        what = f"invalid relocation offset {offset:#x} in {table}"
        raise FormatError(what, why=f"section {section.name} ends at {len(section.contents):#x}")
    return Relocation(offset, symbols[index], row.info & 0xFFFFFFFF)
