"""Open: a file to its blueprint. What it is, its first bytes say, not its name.

A tool that was built with libbpf's skeletons carries its object as data; then the first ELF file
for machine 247 (EM_BPF) inside it is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.collection.embedded import embedded_objects, is_bpf
from rawbpf.errors import FormatError, RawbpfError

if TYPE_CHECKING:
    from pathlib import Path

    from rawbpf.specs.object_spec import ObjectSpec

__all__ = ["read_object", "spec_of"]


def read_object(path: Path) -> ObjectSpec:
    """The blueprint of an object, of assembly (.bpf.s), or of what is inside an executable."""
    if path.suffix == ".s":
        from rawbpf.source.assembler import assemble_file

        return assemble_file(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RawbpfError(f"cannot read {str(path)!r}", why=error.strerror) from None
    return spec_of(data, str(path))


def spec_of(data: bytes, name: str) -> ObjectSpec:
    """The blueprint of an object's bytes."""
    from rawbpf.elf.object import open_object

    if not data.startswith(b"\x7fELF"):
        raise FormatError(
            f"{name} is no object",
            why="it does not begin as an ELF file",
            fix="give a .bpf.o, .bpf.c or .bpf.s file, or a tool with an object in it",
        )
    if is_bpf(data):
        return open_object(data)
    inside = next(embedded_objects(data), None)
    if inside is None:
        raise FormatError(f"{name} is for another machine", why="and there is no BPF object in it")
    return open_object(inside)
