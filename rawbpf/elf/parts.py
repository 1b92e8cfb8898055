"""What an object is taken apart into."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.elf import layout as elf

if TYPE_CHECKING:
    from rawbpf.elf.layout import SectionHeader

__all__ = ["Relocation", "Section", "Symbol"]


class Section(NamedTuple):
    """A section; ``contents`` are empty for one that has no bytes in the file (.bss)."""

    number: int
    name: str
    header: SectionHeader
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
    hidden: bool = False
    """For this file alone, whatever the binding (STV_HIDDEN, STV_INTERNAL)."""


class Relocation(NamedTuple):
    """The bytes at ``offset`` of the section wait for ``symbol``."""

    offset: int
    symbol: Symbol
    type: int
