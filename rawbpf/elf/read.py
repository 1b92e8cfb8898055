"""Parse an ELF object into validated sections, symbols and relocations.

A file may be truncated anywhere and may contain arbitrary numbers. References outside the file, to
missing sections or to missing symbols raise FormatError, and memory is never allocated based on an
unverified size. pyelftools (see ``untrusted``) is imported only when an object is read, because
most commands read no object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.elf import layout as elf
from rawbpf.elf.parts import Relocation, Section, Symbol

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ObjectFile", "Relocation", "Section", "Symbol", "is_elf"]


def is_elf(data: bytes) -> bool:
    """Return whether the data starts with ELF's magic number."""
    return data.startswith(elf.EI_IDENT[:4])


class ObjectFile:
    """The parsed contents of a BPF object.

    Raises FormatError if the data is damaged or not a BPF object.
    """

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
        """Return the first section with the given name, or None if no section has the name."""
        return next((one for one in self.sections if one.name == name), None)

    def code(self) -> list[Section]:
        """Return the nonempty sections that contain instructions."""
        return [one for one in self.sections if one.is_code and one.contents]

    def relocations(self, section: Section) -> Iterator[Relocation]:
        """Return a section's relocations in file order.

        Raises FormatError if a relocation is damaged.
        """
        if section.number not in self._relocations:
            self._relocations[section.number] = [
                one
                for table in self._tables.get(section.number, ())
                for one in self._decoder.relocations(table, section, self.symbols)
            ]
        return iter(self._relocations[section.number])
