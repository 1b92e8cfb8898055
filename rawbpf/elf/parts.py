"""The parts of a parsed object: sections, symbols and relocations."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.elf import layout as elf

if TYPE_CHECKING:
    from rawbpf.elf.layout import SectionHeader

__all__ = ["Relocation", "Section", "Symbol"]


class Section(NamedTuple):
    """A section, whose ``contents`` are empty if the file stores no bytes for it (.bss)."""

    number: int
    name: str
    header: SectionHeader
    contents: bytes

    @property
    def is_code(self) -> bool:
        """Return whether the section contains instructions."""
        return self.header.type == elf.SHT_PROGBITS and bool(self.header.flags & elf.SHF_EXECINSTR)


class Symbol(NamedTuple):
    """A symbol, which names ``size`` bytes at offset ``value`` of a section.

    A section symbol has the section's name. ``hidden`` symbols are visible only within their own
    file, whatever their binding (STV_HIDDEN, STV_INTERNAL).
    """

    name: str
    type: int
    binding: int
    section: int
    value: int
    size: int
    hidden: bool = False


class Relocation(NamedTuple):
    """A relocation, which stores the address of ``symbol`` at ``offset`` in the section."""

    offset: int
    symbol: Symbol
    type: int
