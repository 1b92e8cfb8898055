"""Find the file offsets of functions in an executable or library, for uprobes.

A uprobe is attached to a file, not to a process, so the kernel needs the function's file offset.
A symbol contains an address, which is converted to a file offset with the help of the section that
contains it:

    file offset = symbol address - section address + section offset
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rawbpf.elf import layout as elf
from rawbpf.elf.untrusted import Sections, open_elf
from rawbpf.errors import FormatError, UnsupportedError

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

    from elftools.elf.elffile import ELFFile

__all__ = ["function_offset", "functions_of"]

_TABLES = ("SHT_SYMTAB", "SHT_DYNSYM")
_GNU_IFUNC = 10


def function_offset(file: io.FileIO | io.BytesIO, name: str) -> int | None:
    """Return a function's file offset, or None if the file has no such symbol.

    Raises FormatError if the file is damaged or not an ELF file, UnsupportedError if it is not
    64-bit and little-endian.
    """
    return next((offset for found, offset in functions_of(file) if found == name), None)


def functions_of(file: io.FileIO | io.BytesIO) -> Iterator[tuple[str, int]]:
    """Yield all functions with their offsets, from .symtab if present and then from .dynsym."""
    opened = open_elf(file)
    try:
        yield from _functions_of(opened)
    finally:
        cast("io.BufferedReader", opened.stream).detach()


def _functions_of(opened: ELFFile) -> Iterator[tuple[str, int]]:
    if opened.elfclass != 64 or not opened.little_endian:
        raise UnsupportedError("this ELF file is not 64-bit and little-endian")
    sections = Sections(opened)
    for table in _TABLES:
        for number, header in enumerate(sections.headers):
            if header["sh_type"] == table:
                yield from _functions(sections, number)


def _functions(sections: Sections, number: int) -> Iterator[tuple[str, int]]:
    headers = sections.headers
    link = headers[number]["sh_link"]
    if link >= len(headers):
        raise FormatError(
            "damaged ELF file",
            why=f"section {link}, which should contain the symbol names, does not exist",
        )
    names, table = sections.contents(link), sections.contents(number)
    whole = len(table) // elf.SYMBOL.size * elf.SYMBOL.size
    for name, info, _, section, value, _ in elf.SYMBOL.iter_unpack(table[:whole]):
        if info & 0xF not in (elf.STT_FUNC, _GNU_IFUNC) or not 0 < section < len(headers):
            continue
        end = names.find(b"\0", name)
        place = headers[section]
        text = names[name:end].decode(errors="surrogateescape")
        yield text, value - place["sh_addr"] + place["sh_offset"]
