"""One instruction as a value, and its bytes.

Eight bytes: opcode, src and dst in one byte, off, imm (the picture is in `uapi/bpf_insn.py`). The
64-bit constant takes sixteen, two *slots*; jumps, calls and the verifier count in slots.
Everything is little-endian here, as on every machine that rawbpf runs on.

>>> Instruction(0xB7, dst=0, imm=1).encode().hex(" ")
'b7 00 00 00 01 00 00 00'
>>> Instruction.decode(bytes.fromhex("61 10 04 00 00 00 00 00"))
Instruction(opcode=97, dst=0, src=1, off=4, imm=0)
"""

from __future__ import annotations

import struct
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple, Self

from rawbpf.asm.opcode import LD_IMM64
from rawbpf.errors import BytecodeError, DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["SLOT", "Instruction", "decode_all", "decode_raw", "encode_all", "slots_of"]

SLOT = 8
"""Bytes of one slot."""

_SLOT = struct.Struct("<BBhi")
_LOW_HALF = 0xFFFF_FFFF


class Instruction(NamedTuple):
    """The fields of an instruction, as numbers.

    ``off`` is signed, 16 bits. ``imm`` is signed, 32 bits; of the 64-bit constant it is both imm
    fields together, unsigned: the low one in bits 0-31, the high one in bits 32-63.
    """

    opcode: int
    dst: int = 0
    src: int = 0
    off: int = 0
    imm: int = 0

    @property
    def slots(self) -> int:
        """2 for the 64-bit constant, 1 for all others."""
        return 2 if self.opcode == LD_IMM64 else 1

    def encode(self) -> bytes:
        """Eight bytes, or sixteen. BytecodeError when a field does not fit its bits."""
        wide = self.opcode == LD_IMM64
        imm = _signed(self.imm & _LOW_HALF) if wide else self.imm
        try:
            # 256 is refused by pack; else a dst above 15 would run over into src.
            registers = self.src << 4 | self.dst if 0 <= self.dst < 16 else 256
            first = _SLOT.pack(self.opcode, registers, self.off, imm)
            return first + _SLOT.pack(0, 0, 0, _signed(self.imm >> 32)) if wide else first
        except struct.error as error:
            raise BytecodeError(f"{self} has a field that does not fit", why=str(error)) from None

    @classmethod
    def decode(cls, data: bytes, offset: int = 0) -> Self:
        """The instruction at ``offset`` bytes. DecodeError when no such instruction exists."""
        instruction = decode_raw(data, offset)
        instruction.check(offset)
        return cls(*instruction)

    def check(self, offset: int = 0) -> None:
        """DecodeError unless this is a form of the instruction set (``asm/forms.py``)."""
        from rawbpf.asm.forms import form_of  # whoever only writes bytecode does not pay for it

        form_of(self, offset)


def decode_raw(data: bytes, offset: int = 0) -> Instruction:
    """The fields at ``offset`` bytes, whether there is such an instruction or not.

    DecodeError: there are not enough bytes, or the other half of a 64-bit load is none.
    """
    if len(data) - offset < SLOT:
        left = max(len(data) - offset, 0)
        raise DecodeError(f"{left} bytes are no instruction", offset=offset, why="it takes 8")
    opcode, registers, off, imm = _SLOT.unpack_from(data, offset)
    if opcode == LD_IMM64:
        imm = (imm & _LOW_HALF) | _high_half(data, offset) << 32
    return Instruction(opcode, registers & 0x0F, registers >> 4, off, imm)


def _signed(value: int) -> int:
    """An unsigned 32-bit number, as the imm field keeps it."""
    return value - (1 << 32) if value >> 31 else value


def _high_half(data: bytes, offset: int) -> int:
    """The second slot of a 64-bit constant: all zero, but for its imm."""
    if len(data) - offset < 2 * SLOT:
        what = "half of a 64-bit load"
        raise DecodeError(what, offset=offset, why="its second slot is missing")
    opcode, registers, off, high = _SLOT.unpack_from(data, offset + SLOT)
    if opcode or registers or off:
        why = "only imm may be set in its second slot"
        raise DecodeError("malformed 64-bit load", offset=offset + SLOT, why=why)
    return int(high) & _LOW_HALF


_bytes_of = lru_cache(maxsize=4096)(Instruction.encode)
"""Programs of one object share most of their instructions (see ``_frequent``)."""


def encode_all(instructions: Iterable[Instruction]) -> bytes:
    """The bytes of a program.

    >>> len(encode_all([Instruction(0x18, imm=1 << 40), Instruction(0x95)]))
    24
    """
    return b"".join(map(_bytes_of, instructions))


def slots_of(instructions: Iterable[Instruction]) -> list[int]:
    """The slot where each instruction begins, and behind them the one where the next would.

    >>> slots_of([Instruction(0x18), Instruction(0x95)])
    [0, 2, 3]
    """
    widths = [2 if one.opcode == LD_IMM64 else 1 for one in instructions]
    return list(accumulate(widths, initial=0))


@lru_cache(maxsize=4096)
def _frequent(slot: bytes) -> Instruction | None:
    """The instruction of one slot; None if it is none, or has two.

    Most of what a compiler writes it has written before: r1 = r10, exit.
    """
    try:
        return Instruction.decode(slot)
    except DecodeError:
        return None


def decode_all(data: bytes) -> list[Instruction]:
    """The instructions in ``data``; DecodeError names the offset of the first that is none.

    >>> decode_all(bytes.fromhex("b700000000000000 ff00000000000000"))
    Traceback (most recent call last):
    ...
    rawbpf.errors.DecodeError: offset 0x8: opcode 0xff is unknown
    """
    instructions, offset = [], 0
    while offset < len(data):
        instruction = _frequent(data[offset : offset + SLOT]) or Instruction.decode(data, offset)
        instructions.append(instruction)
        offset += SLOT * instruction.slots
    return instructions
