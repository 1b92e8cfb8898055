"""Open: a file to its blueprint. What it is, its first bytes say, not its name.

A tool that was built with libbpf's skeletons carries its object as data; then the first ELF file
for machine 247 (EM_BPF) inside it is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.collection.embedded import Embedded, embedded_objects, is_bpf
from rawbpf.errors import FormatError
from rawbpf.input_file import read_input

if TYPE_CHECKING:
    from pathlib import Path

    from rawbpf.specs.object_spec import ObjectSpec

__all__ = ["objects_in", "read_file", "read_object", "spec_of"]

_LARGEST = 256 << 20
"""Bytes. Whole programs in Go, with all that they use in them, have 100 MB and more."""

_OBJECTS = "give a .bpf.o, .bpf.c or .bpf.s file, or a tool with an object in it"
_COMPILE = "compile it first: clang -target bpf -O2 -g -c, or rawbpf.compile.driver.compile_c"


def read_object(path: Path) -> ObjectSpec:
    """The blueprint of an object, of assembly (.bpf.s), or of what is inside an executable."""
    if path.suffix == ".s":
        from rawbpf.elf.write import encode_object
        from rawbpf.source.assembler import assemble_file

        # As an object, for that has types: without them the kernel takes no callbacks (func_info).
        return spec_of(encode_object(assemble_file(path)), str(path))
    return spec_of(read_file(path), str(path))


def read_file(path: Path) -> bytes:
    """The bytes of a file that is no larger than any tool with objects in it."""
    return read_input(path, _LARGEST)


def spec_of(data: bytes, name: str) -> ObjectSpec:
    """The blueprint of an object's bytes, or of the first one inside an executable's."""
    from rawbpf.elf.object import open_object

    return open_object(objects_in(data, name)[0].data)


def objects_in(data: bytes, name: str) -> list[Embedded]:
    """The object that a file is, or all those that are inside it. FormatError: there is none."""
    if not data.startswith(b"\x7fELF"):
        raise FormatError(
            f"{name} is no object",
            why="it does not begin as an ELF file",
            fix=_COMPILE if name.endswith(".c") else _OBJECTS,
        )
    if is_bpf(data):
        return [Embedded(0, data)]
    inside = list(embedded_objects(data))
    if not inside:
        raise FormatError(
            f"there is no BPF object in {name}", why="it is an ELF file for other use"
        )
    return inside
