"""ELF objects: read them into specs, and write specs as clang would write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.front_door import front_door

if TYPE_CHECKING:
    from rawbpf.elf.code import CodeSection, code_sections
    from rawbpf.elf.object import open_object
    from rawbpf.elf.read import ObjectFile, is_elf
    from rawbpf.elf.write import encode_object

__all__ = [
    "CodeSection",
    "ObjectFile",
    "code_sections",
    "encode_object",
    "is_elf",
    "open_object",
]

_HOMES = {
    "CodeSection": "rawbpf.elf.code",
    "ObjectFile": "rawbpf.elf.read",
    "code_sections": "rawbpf.elf.code",
    "encode_object": "rawbpf.elf.write",
    "is_elf": "rawbpf.elf.read",
    "open_object": "rawbpf.elf.object",
}

__getattr__, __dir__ = front_door(__name__, _HOMES)
