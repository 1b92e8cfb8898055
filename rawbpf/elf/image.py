"""Build an ELF file from sections, symbols and relocations.

ELF requires local symbols to precede global ones (the symbol table's ``info`` is the index of the
first global symbol), so a relocation refers to its symbol by name until all symbols are known, when
the index is filled in.
"""

from __future__ import annotations

from typing import NamedTuple

from rawbpf.btf.strings import StringTable
from rawbpf.elf import layout as elf
from rawbpf.errors import FormatError

__all__ = ["Image"]


class _Section(NamedTuple):
    """The contents of a section, and its header without offset and size."""

    name: str
    header: elf.SectionHeader
    contents: bytes


class _Symbol(NamedTuple):
    name: str
    binding: int
    type: int
    section: int
    value: int
    size: int


class Image:
    """Section numbers start at 1 and follow the order in which sections are added."""

    def __init__(self) -> None:
        self._sections: list[_Section] = []
        self._symbols: list[_Symbol] = []
        self._names: set[str] = set()
        self._relocations: dict[int, list[tuple[int, str, int]]] = {}

    def add_section(self, name: str, contents: bytes, flags: int = 0, align: int = 8) -> int:
        """Append a section and return its index.

        For ``.bss``, only the size of the contents is written.
        """
        kind = elf.SHT_NOBITS if name.startswith(".bss") else elf.SHT_PROGBITS
        header = elf.SectionHeader(0, kind, flags, size=len(contents), align=align)
        self._sections.append(_Section(name, header, b"" if kind == elf.SHT_NOBITS else contents))
        return len(self._sections)

    def add_symbol(
        self,
        name: str,
        kind: int,
        section: int,
        value: int = 0,
        size: int = 0,
        binding: int = elf.STB_GLOBAL,
    ) -> str:
        """Append a symbol of type ``kind`` (STT_*) and return its name.

        Raises FormatError if the name is already in use.
        """
        if name in self._names:
            raise FormatError(f"more than one symbol in the object is named {name!r}")
        self._names.add(name)
        self._symbols.append(_Symbol(name, binding, kind, section, value, size))
        return name

    def add_relocation(self, section: int, offset: int, symbol: str, kind: int) -> None:
        """Append a relocation, which stores a symbol's address at ``offset`` in a section."""
        self._relocations.setdefault(section, []).append((offset, symbol, kind))

    def encode(self) -> bytes:
        """Return the complete file as bytes."""
        strings = StringTable()
        sections = list(self._sections)
        symtab = len(sections) + 1
        sections += self._tables(strings, symtab)
        names = {one.name: strings.add(one.name) for one in sections}
        strtab = _Section(
            ".strtab", elf.SectionHeader(strings.add(".strtab"), elf.SHT_STRTAB), strings.encode()
        )
        headers, body = [elf.SectionHeader(0, elf.SHT_NULL, align=0)], bytearray()
        for one in (*sections, strtab):
            body += bytes(-(elf.FILE_HEADER.size + len(body)) % one.header.align)
            offset, size = elf.FILE_HEADER.size + len(body), one.header.size or len(one.contents)
            name = names.get(one.name, one.header.name)
            headers.append(one.header._replace(name=name, offset=offset, size=size))
            body += one.contents
        body += bytes(-len(body) % 8)
        return _file_header(len(body), len(headers)) + body + b"".join(
            elf.SECTION_HEADER.pack(*header) for header in headers
        )  # fmt: skip

    def _tables(self, strings: StringTable, symtab: int) -> list[_Section]:
        """Build the symbol table, and a relocation table for each section that has relocations."""
        ordered = sorted(self._symbols, key=lambda symbol: symbol.binding)
        locals_ = sum(symbol.binding == elf.STB_LOCAL for symbol in ordered)
        strtab = symtab + len(self._relocations) + 1
        header = elf.SectionHeader(
            0, elf.SHT_SYMTAB, link=strtab, info=locals_ + 1, align=8, entry_size=elf.SYMBOL.size
        )
        rows = [elf.Symbol(0, 0, 0, 0, 0, 0)]
        rows += [
            elf.Symbol(
                # A section symbol has no name of its own; readers use the section's name.
                0 if one.type == elf.STT_SECTION else strings.add(one.name),
                one.binding << 4 | one.type, 0, one.section, one.value, one.size,
            )
            for one in ordered
        ]  # fmt: skip
        index = {symbol.name: at for at, symbol in enumerate(ordered, 1)}
        tables = [_Section(".symtab", header, b"".join(elf.SYMBOL.pack(*row) for row in rows))]
        for section, relocations in self._relocations.items():
            tables.append(self._relocation_section(section, relocations, index, symtab))
        return tables

    def _relocation_section(
        self,
        section: int,
        relocations: list[tuple[int, str, int]],
        index: dict[str, int],
        symtab: int,
    ) -> _Section:
        """Build the relocation table `.relNAME`; ``info`` is the index of section NAME."""
        header = elf.SectionHeader(
            0, elf.SHT_REL, link=symtab, info=section, align=8, entry_size=elf.RELOCATION.size
        )
        rows = (
            elf.RELOCATION.pack(offset, index[symbol] << 32 | kind)
            for offset, symbol, kind in relocations
        )
        return _Section(".rel" + self._sections[section - 1].name, header, b"".join(rows))


def _file_header(body: int, count: int) -> bytes:
    header = elf.FileHeader(
        elf.EI_IDENT,
        elf.ET_REL,
        elf.EM_BPF,
        section_headers=elf.FILE_HEADER.size + body,
        section_count=count,
        names_index=count - 1,
    )
    return elf.FILE_HEADER.pack(*header)
