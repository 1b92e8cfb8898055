"""The BTF sections of an ELF file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from rawbpf.errors import FormatError

if TYPE_CHECKING:
    from elftools.elf.sections import Section

__all__ = ["btf_sections"]

_MOST_SECTIONS = 0xFF00
"""SHN_LORESERVE: what a count in the header can be. A damaged count elsewhere can be anything."""

# A damaged header makes pyelftools seek to places that are no file positions: those come as
# Python's own errors.
_DAMAGED = (ELFError, OverflowError, ValueError)


def btf_sections(path: str, largest: int) -> tuple[bytes, bytes | None]:
    """The contents of ``.BTF`` and, if it is there, of ``.BTF.base``."""
    with open(path, "rb") as file:  # noqa: PTH123 -- as its caller
        try:
            elf = ELFFile(file)
            if elf.num_sections() > _MOST_SECTIONS:
                raise FormatError(f"{path} is a damaged ELF file", why="too many sections")
            btf = elf.get_section_by_name(".BTF")
            base = elf.get_section_by_name(".BTF.base")
            if btf is None:
                raise FormatError(
                    f"{path} has no BTF",
                    why="there is no .BTF section",
                    fix="clang makes one with -target bpf -g",
                )
            return _data(btf, path, largest), None if base is None else _data(base, path, largest)
        except _DAMAGED as error:
            raise FormatError(f"{path} is a damaged ELF file", why=str(error)) from None


def _data(section: Section, path: str, largest: int) -> bytes:
    # A section of another type need not be in the file, a compressed one can become any size.
    if section["sh_type"] != "SHT_PROGBITS" or section.compressed:
        raise FormatError(f"{path}: {section.name} is not in the file as it is")
    if section["sh_size"] > largest:
        raise FormatError(f"{path}: {section.name} is too large", why=f"{section['sh_size']} bytes")
    data: bytes = section.data()
    return data
