"""An ELF file in the making: sections, symbols and relocations in, bytes out.

Symbols are kept locals first, as the format wants it (the symbol table's ``info`` is the index of
the first global), so relocations name their symbol and get its index only when all are known.
"""

from __future__ import annotations

from typing import NamedTuple

from rawbpf.btf.strings import StringTable
from rawbpf.elf import layout as elf
from rawbpf.errors import FormatError

__all__ = ["Image"]


class _Section(NamedTuple):
    """A section's header, its size and contents still to come, and the contents."""

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
    """Sections are numbered from 1, in the order in which they are added."""

    def __init__(self) -> None:
        self._sections: list[_Section] = []
        self._symbols: list[_Symbol] = []
        self._names: set[str] = set()
        self._relocations: dict[int, list[tuple[int, str, int]]] = {}

    def add_section(self, name: str, contents: bytes, flags: int = 0, align: int = 8) -> int:
        """Add a section of bytes; its index. ``.bss`` keeps only its size."""
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
        """Add a symbol (``kind`` is STT_*); its name, which no other may have."""  # fmt: skip
        if name in self._names:
            raise FormatError(f"two things in the object are called {name!r}")
        self._names.add(name)
        self._symbols.append(_Symbol(name, binding, kind, section, value, size))
        return name

    def add_relocation(self, section: int, offset: int, symbol: str, kind: int) -> None:
        """The bytes at ``offset`` of a section wait for the address of a symbol."""
        self._relocations.setdefault(section, []).append((offset, symbol, kind))

    def encode(self) -> bytes:
        """The file."""
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
        """The symbol table, and the relocations of each section that has any."""
        ordered = sorted(self._symbols, key=lambda symbol: symbol.binding)
        locals_ = sum(symbol.binding == elf.STB_LOCAL for symbol in ordered)
        strtab = symtab + len(self._relocations) + 1
        header = elf.SectionHeader(
            0, elf.SHT_SYMTAB, link=strtab, info=locals_ + 1, align=8, entry_size=elf.SYMBOL.size
        )
        rows = [elf.Symbol(0, 0, 0, 0, 0, 0)]
        rows += [
            elf.Symbol(
                # A section's symbol has no name of its own.
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
        """`.relNAME`: ``info`` is the section that it is about."""  # fmt: skip
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
