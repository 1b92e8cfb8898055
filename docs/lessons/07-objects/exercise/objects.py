"""Lesson 07: read an object file, and turn its code into code that the kernel can load.

The functions, in the order of the steps:

    sections()       │ step 1    the section header table -> name and contents of each section
    text_at()        │ step 2    a string table and an offset -> the text there
    symbols()        │ step 3    .symtab -> the symbols
    relocations()    │ step 4    .relsocket -> which instruction needs which symbol
    apply()          │ step 5    put a map's descriptor into an instruction
"""

import struct
import sys
from pathlib import Path
from typing import NamedTuple

EM_BPF = 247
SHT_NOBITS = 8
"""The type of a section without bytes in the file, such as .bss, which contains only zeros."""

PSEUDO_MAP_FD = 1
"""The value of src in a 64-bit load whose imm is a map's file descriptor."""


class Section(NamedTuple):
    """The fields of a section header that the lesson needs.

    ``name`` is an offset in the string table.
    """

    name: int
    type: int
    contents: bytes


class Symbol(NamedTuple):
    """A symbol, which names the position ``value`` bytes into section number ``section``."""

    name: str
    section: int
    value: int


class Relocation(NamedTuple):
    """A relocation, which says that the instruction at ``offset`` needs the value of ``symbol``."""

    offset: int
    symbol: Symbol


def sections(data: bytes) -> tuple[list[Section], int]:
    """Return all sections, and the index of the section that contains their names."""
    raise NotImplementedError("step 1: find the table, and unpack its rows")


def text_at(table: bytes, offset: int) -> str:
    """Return the text from ``offset`` up to the next NUL."""
    raise NotImplementedError("step 2: return the bytes up to the next NUL as text")


def named(data: bytes) -> dict[str, bytes]:
    """Return the contents of each section, keyed by name."""
    found, names = sections(data)
    return {text_at(found[names].contents, one.name): one.contents for one in found}


def symbols(table: bytes, strings: bytes) -> list[Symbol]:
    """Return all symbols in order. ``table`` is .symtab, and ``strings`` is .strtab."""
    raise NotImplementedError("step 3: unpack the rows of 24 bytes")


def relocations(table: bytes, known: list[Symbol]) -> list[Relocation]:
    """Return a section's relocations.

    ``table`` is the section .rel followed by the code section's name.
    """
    raise NotImplementedError("step 4: unpack rows of 16 bytes; the symbol's index is the upper half of info")


def apply(code: bytes, relocation: Relocation, descriptor: int) -> bytes:
    """Return the code after storing the map's descriptor in the 64-bit load that needs it."""
    raise NotImplementedError("step 5: set src to PSEUDO_MAP_FD, and imm to the descriptor")


def link(data: bytes, section: str, maps: dict[str, int]) -> bytes:
    """Return a section's code after filling in the descriptors of all maps."""
    found = named(data)
    known = symbols(found[".symtab"], found[".strtab"])
    code = found[section]
    for one in relocations(found.get(f".rel{section}", b""), known):
        code = apply(code, one, maps[one.symbol.name])
    return code


def main() -> None:
    """Print the relocations of the section `socket`, and the section's code after relocation."""
    data = Path(sys.argv[1]).read_bytes()
    found = named(data)
    known = symbols(found[".symtab"], found[".strtab"])
    for one in relocations(found[".relsocket"], known):
        print(f"socket, byte {one.offset}: needs the descriptor of {one.symbol.name}")
    code = link(data, "socket", {"hits": 7})
    print(*(code[at : at + 8].hex(" ") for at in range(0, len(code), 8)), sep="\n")


if __name__ == "__main__":
    main()
