"""The instructions of a section, and the numbers that wait in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.decode import decode_all
from rawbpf.errors import DecodeError

if TYPE_CHECKING:
    from rawbpf.asm.instruction import Instruction
    from rawbpf.elf.parts import Section

__all__ = ["addend_of", "instructions_of"]


def instructions_of(section: Section) -> list[Instruction]:
    """All of a section of code. DecodeError names it."""
    try:
        return decode_all(section.contents)
    except DecodeError as error:
        what = f"section {section.name}: {error.what}"
        raise DecodeError(what, offset=error.offset, why=error.why) from None


def addend_of(instruction: Instruction) -> int:
    """What a 64-bit load adds to its symbol: the first of its two numbers, with its sign."""
    low = instruction.imm & 0xFFFF_FFFF
    return low - (low >> 31 << 32)
