"""Lesson 08: CO-RE.

Lesson 08: compute the offset that a field has in this kernel from a relocation record.

The functions, in the order of the steps:

    sections_of()    │ step 1    .BTF -> the bytes of its types, and of its strings
    types_of()       │ step 2    .BTF -> a list of its types
    records_of()     │ step 3    .BTF.ext -> which instruction depends on which field
    follow()         │ step 4    "0:2:1" -> the names at, column, and the offset in the program
    find()           │ step 5    the same names -> the offset in the kernel's struct
    patch()          │ step 6    put the offset into the instruction
"""

import struct
import sys
from pathlib import Path
from typing import NamedTuple

from rawbpf.elf.read import ObjectFile

STRUCT, UNION = 4, 5
EXTRA = {1: 4, 3: 12, 14: 4, 17: 4}
"""The number of bytes that follow the first twelve bytes of a type, by kind."""
EACH = {STRUCT: 12, UNION: 12, 6: 8, 13: 8, 15: 12, 19: 12}
"""The number of bytes for each member, enumerator, parameter or variable, by kind."""


class Member(NamedTuple):
    """A field of a struct. ``offset`` is in bytes, and ``type`` is the field's type number."""

    name: str
    type: int
    offset: int


class Type(NamedTuple):
    """A type. ``members`` is empty unless the type is a struct or union."""

    kind: int
    name: str
    members: list[Member]


class Record(NamedTuple):
    """A record, which says that the instruction at byte ``offset`` uses field ``access`` of type
    ``type``."""

    offset: int
    type: int
    access: str


def text_at(strings: bytes, offset: int) -> str:
    """Return the text from ``offset`` up to the next NUL."""
    return strings[offset : strings.index(b"\0", offset)].decode()


def sections_of(btf: bytes) -> tuple[bytes, bytes]:
    """Return the type section and the string section as bytes."""
    raise NotImplementedError("step 1: unpack the header, and return both sections")


def types_of(btf: bytes) -> list[Type]:
    """Return all types, keyed by number. Type number 0 is void, which is not stored in the file."""
    raise NotImplementedError("step 2: read type by type; the length of each depends on its kind")


def records_of(ext: bytes, strings: bytes, section: str) -> list[Record]:
    """Return the relocation records of a code section.

    ``ext`` is the .BTF.ext section, and ``strings`` is the string section of .BTF."""
    raise NotImplementedError("step 3: find the section, and unpack its records of 16 bytes")


def follow(types: list[Type], record: Record) -> tuple[list[str], int]:
    """Return the member names that lead to the field, and its offset in the program's struct."""
    raise NotImplementedError("step 4: look up each member, and add up the offsets")


def find(types: list[Type], struct_name: str, names: list[str]) -> int | None:
    """Return the offset of the same field in other types, or None if they have no such field."""
    raise NotImplementedError("step 5: look up each name in the kernel's struct")


def patch(code: bytes, at: int, local: int, target: int) -> bytes:
    """Return the code after changing the load at byte ``at`` from ``local`` to ``target``."""
    raise NotImplementedError("step 6: replace the s16 at byte 2 of the instruction")


def relocate(program: bytes, kernel: bytes, section: str) -> bytes:
    """Return a section's code, relocated for the kernel that the BTF ``kernel`` describes."""
    file = ObjectFile(program)
    code, btf, ext = (file.section(name).contents for name in (section, ".BTF", ".BTF.ext"))
    local_types, target_types = types_of(btf), types_of(kernel)
    for record in records_of(ext, sections_of(btf)[1], section):
        names, local = follow(local_types, record)
        struct_name = local_types[record.type].name
        target = find(target_types, struct_name, names)
        if target is None:
            raise LookupError(f"this kernel has no {struct_name}::{'.'.join(names)}")
        code = patch(code, record.offset, local, target)
    return code


def main() -> None:
    """Print each instruction before and after relocation."""
    program, kernel = (Path(name).read_bytes() for name in sys.argv[1:3])
    file, target_btf = ObjectFile(program), ObjectFile(kernel).section(".BTF").contents
    before = file.section("socket").contents
    after = relocate(program, target_btf, "socket")
    for at in range(0, len(before), 8):
        new = after[at : at + 8]
        mark = "" if new == before[at : at + 8] else f"  ->  {new.hex(' ')}"
        print(before[at : at + 8].hex(" ") + mark)


if __name__ == "__main__":
    main()
