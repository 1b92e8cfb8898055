"""Lesson 07: an object file by hand. From the bytes that clang wrote to those the kernel gets.

sections()       step 1    the section header table -> name and contents of each section
text_at()        step 2    a string table -> the text at an offset
symbols()        step 3    .symtab -> the names of places
relocations()    step 4    .relsocket -> which instruction waits for which symbol
apply()          step 5    the number of a map -> into the instruction
"""

import struct
import sys
from pathlib import Path
from typing import NamedTuple

EM_BPF = 247
SHT_NOBITS = 8
"""A section without bytes in the file: .bss, which is all zero."""

PSEUDO_MAP_FD = 1
"""In the src field of a 64-bit load: imm is the descriptor of a map."""


class Section(NamedTuple):
    """A row of the section header table, as far as we need it. ``name`` is an offset."""

    name: int
    type: int
    contents: bytes


class Symbol(NamedTuple):
    """A name for a place: ``value`` bytes into the section with this number."""

    name: str
    section: int
    value: int


class Relocation(NamedTuple):
    """At ``offset`` bytes the number of ``symbol`` is missing."""

    offset: int
    symbol: Symbol


def sections(data: bytes) -> tuple[list[Section], int]:
    """All sections, and the number of the one that holds their names."""
    if data[:5] != b"\x7fELF\x02" or struct.unpack_from("<H", data, 18) != (EM_BPF,):
        raise ValueError("no 64-bit ELF file for BPF")
    (table,) = struct.unpack_from("<Q", data, 40)
    size, count, names = struct.unpack_from("<HHH", data, 58)
    found = []
    for number in range(count):
        row = struct.unpack_from("<IIQQQQIIQQ", data, table + number * size)
        name, kind, offset, length = row[0], row[1], row[4], row[5]
        contents = b"" if kind == SHT_NOBITS else data[offset : offset + length]
        found.append(Section(name, kind, contents))
    return found, names


def text_at(table: bytes, offset: int) -> str:
    """The text that begins there and ends before the next NUL."""
    return table[offset : table.index(b"\0", offset)].decode()


def named(data: bytes) -> dict[str, bytes]:
    """Section name -> contents."""
    found, names = sections(data)
    return {text_at(found[names].contents, one.name): one.contents for one in found}


def symbols(table: bytes, strings: bytes) -> list[Symbol]:
    """All symbols, by their numbers. ``table`` is .symtab, ``strings`` is .strtab."""
    rows = struct.iter_unpack("<IBBHQQ", table)
    return [
        Symbol(text_at(strings, name), section, value) for name, _, _, section, value, _ in rows
    ]


def relocations(table: bytes, known: list[Symbol]) -> list[Relocation]:
    """What is missing where. ``table`` is the section whose name is .rel and the code's."""
    rows = struct.iter_unpack("<QQ", table)
    return [Relocation(offset, known[info >> 32]) for offset, info in rows]


def apply(code: bytes, relocation: Relocation, descriptor: int) -> bytes:
    """The code with a map's descriptor in the 64-bit load that waits for it."""
    at = relocation.offset
    opcode, registers, off, _ = struct.unpack_from("<BBhi", code, at)
    registers = registers & 0x0F | PSEUDO_MAP_FD << 4
    done = struct.pack("<BBhi", opcode, registers, off, descriptor)
    return code[:at] + done + code[at + len(done) :]


def link(data: bytes, section: str, maps: dict[str, int]) -> bytes:
    """The code of a section with all its maps in place."""
    found = named(data)
    known = symbols(found[".symtab"], found[".strtab"])
    code = found[section]
    for one in relocations(found.get(f".rel{section}", b""), known):
        code = apply(code, one, maps[one.symbol.name])
    return code


def main() -> None:
    """Show what an object is made of."""
    data = Path(sys.argv[1]).read_bytes()
    found = named(data)
    known = symbols(found[".symtab"], found[".strtab"])
    for one in relocations(found[".relsocket"], known):
        print(f"byte {one.offset} of socket waits for {one.symbol.name}")
    code = link(data, "socket", {"hits": 7})
    print(*(code[at : at + 8].hex(" ") for at in range(0, len(code), 8)), sep="\n")


if __name__ == "__main__":
    main()
