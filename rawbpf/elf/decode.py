"""From pyelftools' view of an object for BPF to ours, which has numbers and was checked.

pyelftools has names for numbers ("STT_FUNC"), and leaves a number that it has no name for. Objects
use few of either, and the file's writer (``image``) needs the numbers, so all become numbers.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, cast

from elftools.elf.enums import (
    ENUM_SH_TYPE_BASE,
    ENUM_ST_INFO_BIND,
    ENUM_ST_INFO_TYPE,
    ENUM_ST_SHNDX,
)

from rawbpf.elf import layout as elf
from rawbpf.elf.parts import Relocation, Section, Symbol
from rawbpf.elf.untrusted import Sections, Strings, open_elf, refusals
from rawbpf.errors import FormatError, UnsupportedError

if TYPE_CHECKING:
    import struct
    from collections.abc import Mapping

    from elftools.construct import Container
    from elftools.elf.elffile import ELFFile
    from elftools.elf.relocation import Relocation as RelocationEntry
    from elftools.elf.relocation import RelocationSection
    from elftools.elf.sections import Symbol as SymbolEntry
    from elftools.elf.sections import SymbolTableSection

__all__ = ["ObjectDecoder"]

_WITHOUT_BYTES = (elf.SHT_NULL, elf.SHT_NOBITS)

_HIDDEN = ("STV_HIDDEN", "STV_INTERNAL")

_SHORTEST = 4
"""Bytes that a relocation fills at least: R_BPF_64_ABS32, in debug sections."""


class ObjectDecoder:
    """Reads the parts of an object. FormatError or UnsupportedError, from all: it cannot be."""

    def __init__(self, data: bytes) -> None:
        self._elf = _open(data)
        self.sections = _sections(self._elf)

    def symbols(self) -> list[Symbol]:
        """The symbols, in the order of their table; none without one."""
        table = next((one for one in self.sections if one.header.type == elf.SHT_SYMTAB), None)
        if table is None:
            return []
        _check_entries(table, elf.SYMBOL)
        self._check_link(table, elf.SHT_STRTAB)
        with refusals():
            entries = cast("SymbolTableSection", self._elf.get_section(table.number))
            strings = Strings(self._elf, entries.stringtable.header)
            return [self._symbol(entry, strings) for entry in entries.iter_symbols()]

    def _symbol(self, entry: SymbolEntry, strings: Strings) -> Symbol:
        strings.check(entry["st_name"])
        kind = _number(ENUM_ST_INFO_TYPE, entry["st_info"]["type"])
        binding = _number(ENUM_ST_INFO_BIND, entry["st_info"]["bind"])
        section = _number(ENUM_ST_SHNDX, entry["st_shndx"])
        name: str = entry.name
        if kind == elf.STT_SECTION and 0 < section < len(self.sections):
            name = self.sections[section].name
        hidden = entry["st_other"]["visibility"] in _HIDDEN
        return Symbol(name, kind, binding, section, entry["st_value"], entry["st_size"], hidden)

    def relocations(
        self, table: Section, section: Section, symbols: list[Symbol]
    ) -> list[Relocation]:
        """A table about a section."""
        _check_entries(table, elf.RELOCATION)
        with refusals():
            entries = cast("RelocationSection", self._elf.get_section(table.number))
            return [
                _relocation(entry, table.name, section, symbols)
                for entry in entries.iter_relocations()
            ]

    def _check_link(self, section: Section, kind: int) -> None:
        """The section that ``link`` of another leads to is of this type."""
        link = section.header.link
        if link >= len(self.sections) or self.sections[link].header.type != kind:
            raise FormatError(f"section {section.name} links to {link}", why="it is not of use")


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


def _sections(file: ELFFile) -> list[Section]:
    found = Sections(file)
    headers = [_header(row) for row in found.headers]
    _check_places(headers, file.stream_len)
    return [
        Section(at, found.names[at], row, b"" if row.type in _WITHOUT_BYTES else found.contents(at))
        for at, row in enumerate(headers)
    ]


def _header(row: Container) -> elf.SectionHeader:
    return elf.SectionHeader(
        row["sh_name"], _number(ENUM_SH_TYPE_BASE, row["sh_type"]), row["sh_flags"],
        row["sh_addr"], row["sh_offset"], row["sh_size"], row["sh_link"], row["sh_info"],
        row["sh_addralign"], row["sh_entsize"],
    )  # fmt: skip


def _number(names: Mapping[str, Any], value: str | int) -> int:
    """The number that pyelftools has a name for, or has none for."""
    number: int = names[value] if isinstance(value, str) else value
    return number


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
    entry: RelocationEntry, table: str, section: Section, symbols: list[Symbol]
) -> Relocation:
    index, offset = entry["r_info_sym"], entry["r_offset"]
    if index >= len(symbols):
        what = f"a relocation in {table} names symbol {index}"
        raise FormatError(what, why=f"there are {len(symbols)}")
    if offset + _SHORTEST > len(section.contents):
        what = f"a relocation in {table} is at {offset:#x}"
        raise FormatError(what, why=f"{section.name} ends at {len(section.contents):#x}")
    return Relocation(offset, symbols[index], entry["r_info_type"])
