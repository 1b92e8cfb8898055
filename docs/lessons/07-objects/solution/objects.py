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
    if data[:5] != b"\x7fELF\x02" or struct.unpack_from("<H", data, 18) != (EM_BPF,):
        raise ValueError("not a 64-bit BPF ELF file")
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
    """Return the text from ``offset`` up to the next NUL."""
    return table[offset : table.index(b"\0", offset)].decode()


def named(data: bytes) -> dict[str, bytes]:
    """Return the contents of each section, keyed by name."""
    found, names = sections(data)
    return {text_at(found[names].contents, one.name): one.contents for one in found}


def symbols(table: bytes, strings: bytes) -> list[Symbol]:
    """Return all symbols in order. ``table`` is .symtab, and ``strings`` is .strtab."""
    rows = struct.iter_unpack("<IBBHQQ", table)
    return [
        Symbol(text_at(strings, name), section, value) for name, _, _, section, value, _ in rows
    ]


def relocations(table: bytes, known: list[Symbol]) -> list[Relocation]:
    """Return a section's relocations.

    ``table`` is the section .rel followed by the code section's name.
    """
    rows = struct.iter_unpack("<QQ", table)
    return [Relocation(offset, known[info >> 32]) for offset, info in rows]


def apply(code: bytes, relocation: Relocation, descriptor: int) -> bytes:
    """Return the code after storing the map's descriptor in the 64-bit load that needs it."""
    at = relocation.offset
    opcode, registers, off, _ = struct.unpack_from("<BBhi", code, at)
    registers = registers & 0x0F | PSEUDO_MAP_FD << 4
    done = struct.pack("<BBhi", opcode, registers, off, descriptor)
    return code[:at] + done + code[at + len(done) :]


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
