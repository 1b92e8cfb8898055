"""The layout of a 64-bit ELF file, which consists of a header, sections and section headers.

    offset 0   ┌──────────────┐
               │ file header  │ 64 bytes; contains the offset of the table
               ├──────────────┤
               │ contents of  │ in any order: code, .maps, .BTF, .symtab, .strtab ...
               │ the sections │
               ├──────────────┤
               │ section      │ 64 bytes each; the first is all zero, so that index 0 means "none"
               │ headers      │
               └──────────────┘

BPF objects are relocatable files (ET_REL) for the machine EM_BPF (247), and they are little-endian
on every machine that rawbpf supports. Sources: System V ABI, chapters 4 and 5; LLVM's BPF backend.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

__all__ = [
    "EI_IDENT",
    "EM_BPF",
    "ET_REL",
    "FILE_HEADER",
    "RELOCATION",
    "RELOCATION_NAMES",
    "R_BPF_64_32",
    "R_BPF_64_64",
    "SECTION_HEADER",
    "SHF_ALLOC",
    "SHF_EXECINSTR",
    "SHF_WRITE",
    "SHN_LORESERVE",
    "SHN_UNDEF",
    "SHT_NOBITS",
    "SHT_NULL",
    "SHT_PROGBITS",
    "SHT_REL",
    "SHT_STRTAB",
    "SHT_SYMTAB",
    "STB_GLOBAL",
    "STB_LOCAL",
    "STB_WEAK",
    "STT_FUNC",
    "STT_NOTYPE",
    "STT_OBJECT",
    "STT_SECTION",
    "SYMBOL",
    "FileHeader",
    "Relocation",
    "SectionHeader",
    "Symbol",
]

EI_IDENT = b"\x7fELF" + bytes([2, 1, 1])
"""The file's first bytes: magic number, 64-bit class, little-endian, version 1."""

ET_REL = 1
EM_BPF = 247

SHT_NULL = 0
SHT_PROGBITS = 1
SHT_SYMTAB = 2
SHT_STRTAB = 3
SHT_NOBITS = 8  # the type of .bss, which has a size but occupies no bytes in the file
SHT_REL = 9

SHF_WRITE = 1 << 0
SHF_ALLOC = 1 << 1
SHF_EXECINSTR = 1 << 2

SHN_UNDEF = 0  # a symbol that is defined in another file
SHN_LORESERVE = 0xFF00  # section indices from 0xff00 have special meanings

STB_LOCAL = 0
STB_GLOBAL = 1
STB_WEAK = 2  # may stay undefined
STT_NOTYPE = 0
STT_OBJECT = 1
STT_FUNC = 2
STT_SECTION = 3

R_BPF_64_64 = 1  # a 64-bit load of the address of a map, variable or function
R_BPF_64_32 = 10  # a call whose imm counts slots from the next instruction

RELOCATION_NAMES = {
    R_BPF_64_64: "R_BPF_64_64",
    2: "R_BPF_64_ABS64",  # an address in data, such as an entry of a program array
    3: "R_BPF_64_ABS32",  # in debug information
    4: "R_BPF_64_NODYLD32",  # a relocation in .BTF.ext, used only by BPF linkers
    R_BPF_64_32: "R_BPF_64_32",
}


class FileHeader(NamedTuple):
    """Elf64_Ehdr."""

    ident: bytes
    type: int
    machine: int
    version: int = 1
    entry: int = 0
    program_headers: int = 0
    section_headers: int = 0
    flags: int = 0
    size: int = 64
    program_header_size: int = 0
    program_header_count: int = 0
    section_header_size: int = 64
    section_count: int = 0
    names_index: int = 0


class SectionHeader(NamedTuple):
    """Elf64_Shdr. The meaning of ``link`` and ``info`` depends on the section type."""

    name: int
    type: int
    flags: int = 0
    address: int = 0
    offset: int = 0
    size: int = 0
    link: int = 0
    info: int = 0
    align: int = 1
    entry_size: int = 0


class Symbol(NamedTuple):
    """Elf64_Sym. The ``info`` of a symbol is binding << 4 | type."""

    name: int
    info: int
    other: int
    section: int
    value: int
    size: int


class Relocation(NamedTuple):
    """Elf64_Rel. A relocation's ``info`` is symbol index << 32 | relocation type."""

    offset: int
    info: int


FILE_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SECTION_HEADER = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
RELOCATION = struct.Struct("<QQ")
