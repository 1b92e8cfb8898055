"""An ELF object taken apart: sections, symbols, relocations. Everything that it says is checked.

A file may be cut off anywhere, and its numbers may be anything. What leads outside the file, to a
section or a symbol that is not there, ends in a FormatError; nothing is allocated by a number that
only the file vouches for. pyelftools reads (see ``untrusted``), and is imported when there is an
object to read: most commands never see one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.elf import layout as elf
from rawbpf.elf.parts import Relocation, Section, Symbol

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ObjectFile", "Relocation", "Section", "Symbol", "is_elf"]


def is_elf(data: bytes) -> bool:
    """Whether the data begins as an ELF file does."""
    return data.startswith(elf.EI_IDENT[:4])


class ObjectFile:
    """The parts of an object for BPF. FormatError: it is damaged, or no such object."""

    def __init__(self, data: bytes) -> None:
        from rawbpf.elf.decode import ObjectDecoder

        self._decoder = ObjectDecoder(data)
        self.sections = self._decoder.sections
        self.symbols = self._decoder.symbols()
        self._relocations: dict[int, list[Relocation]] = {}
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

    def relocations(self, section: Section) -> Iterator[Relocation]:
        """What in a section waits for symbols, in the file's order."""
        if section.number not in self._relocations:
            self._relocations[section.number] = [
                one
                for table in self._tables.get(section.number, ())
                for one in self._decoder.relocations(table, section, self.symbols)
            ]
        return iter(self._relocations[section.number])
