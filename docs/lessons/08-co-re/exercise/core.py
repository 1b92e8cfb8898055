"""Lesson 08: CO-RE by hand. From a record of clang's to the offset that this kernel has.

sections_of()    step 1    the header of .BTF -> where its types and its strings are
types_of()       step 2    the types, one after the other
records_of()     step 3    .BTF.ext -> which instruction depends on which field
follow()         step 4    "0:2:1" -> the names at, column; and their offset here
find()           step 5    the same names in the kernel's types -> the offset there
patch()          step 6    the offset -> into the instruction
"""

import struct
import sys
from pathlib import Path
from typing import NamedTuple

from rawbpf.elf.read import ObjectFile

STRUCT, UNION = 4, 5
EXTRA = {1: 4, 3: 12, 14: 4, 17: 4}
"""Bytes behind the first twelve of a type, by kind: an integer's bits, an array's element ..."""
EACH = {STRUCT: 12, UNION: 12, 6: 8, 13: 8, 15: 12, 19: 12}
"""Bytes for each member, enumerator, parameter or variable."""


class Member(NamedTuple):
    """A field of a struct: ``offset`` in bytes, ``type`` the number of its type."""

    name: str
    type: int
    offset: int


class Type(NamedTuple):
    """``members`` are those of a struct or union; others have none here."""

    kind: int
    name: str
    members: list[Member]


class Record(NamedTuple):
    """The instruction at byte ``offset`` depends on field ``access`` of type ``type``."""

    offset: int
    type: int
    access: str


def text_at(strings: bytes, offset: int) -> str:
    """The text that begins there and ends before the next NUL."""
    return strings[offset : strings.index(b"\0", offset)].decode()


def sections_of(btf: bytes) -> tuple[bytes, bytes]:
    """The bytes of the types, and those of the strings."""
    raise NotImplementedError("step 1: unpack the header, and cut out both sections")


def types_of(btf: bytes) -> list[Type]:
    """All types. Number 0 is void, which is not in the file."""
    raise NotImplementedError("step 2: walk over the types; each kind has its own length")


def records_of(ext: bytes, strings: bytes, section: str) -> list[Record]:
    """The records of a section of code. ``ext`` is .BTF.ext, whose names are in .BTF's strings."""
    raise NotImplementedError("step 3: find the section, and unpack its rows of 16 bytes")


def follow(types: list[Type], record: Record) -> tuple[list[str], int]:
    """The names on the way to the field, and its offset in the struct, as the program has it."""
    raise NotImplementedError("step 4: a number is a member; add up the offsets")


def find(types: list[Type], struct_name: str, names: list[str]) -> int | None:
    """The offset of the same field in other types; None if there is no such field."""
    raise NotImplementedError("step 5: look for each name in the kernel's struct")


def patch(code: bytes, at: int, here: int, there: int) -> bytes:
    """The code with the offset of the load at byte ``at`` changed from ``here`` to ``there``."""
    raise NotImplementedError("step 6: the s16 at byte 2 of the instruction")


def relocate(program: bytes, kernel: bytes, section: str) -> bytes:
    """The code of a section of an object, for the kernel whose BTF is in another object."""
    file = ObjectFile(program)
    code, btf, ext = (file.section(name).contents for name in (section, ".BTF", ".BTF.ext"))
    mine, theirs = types_of(btf), types_of(kernel)
    for record in records_of(ext, sections_of(btf)[1], section):
        names, here = follow(mine, record)
        struct_name = mine[record.type].name
        there = find(theirs, struct_name, names)
        if there is None:
            raise LookupError(f"this kernel has no {struct_name}::{'.'.join(names)}")
        code = patch(code, record.offset, here, there)
    return code


def main() -> None:
    """Show what becomes of each instruction with a record."""
    program, kernel = (Path(name).read_bytes() for name in sys.argv[1:3])
    file, theirs = ObjectFile(program), ObjectFile(kernel).section(".BTF").contents
    before = file.section("socket").contents
    after = relocate(program, theirs, "socket")
    for at in range(0, len(before), 8):
        new = after[at : at + 8]
        mark = "" if new == before[at : at + 8] else f"  ->  {new.hex(' ')}"
        print(before[at : at + 8].hex(" ") + mark)


if __name__ == "__main__":
    main()
