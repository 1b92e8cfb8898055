"""Decode bytes into instructions.

>>> decode(bytes.fromhex("61 10 04 00 00 00 00 00"))
Instruction(opcode=97, dst=0, src=1, off=4, imm=0)
"""

from __future__ import annotations

import struct
from functools import lru_cache

from rawbpf.asm.forms import form_of
from rawbpf.asm.instruction import LD_IMM64, SLOT, Instruction
from rawbpf.errors import DecodeError
from rawbpf.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["decode", "decode_all", "decode_leniently", "decode_unchecked"]

_SLOT = struct.Struct("<BBhi")
_MOST_SLOTS = 1 << 18
"""The maximum number of slots, which limits the memory for decoded instructions to 50 MB.

Programs typically have a few thousand instructions and rarely 100,000.
"""

_LOW_HALF = 0xFFFF_FFFF


def decode(data: bytes, offset: int = 0) -> Instruction:
    """Decode the instruction at byte ``offset``.

    Raises DecodeError if the bits match no form of the instruction set (``asm/forms.py``).
    """
    instruction = decode_unchecked(data, offset)
    form_of(instruction, offset)
    return instruction


def decode_unchecked(data: bytes, offset: int = 0) -> Instruction:
    """Decode the fields of the instruction at byte ``offset`` without checking that it is valid.

    Raises DecodeError if the data is truncated, or if the second slot of a 64-bit load is
    malformed.
    """
    if len(data) - offset < SLOT:
        left = max(len(data) - offset, 0)
        raise DecodeError(
            "truncated instruction", offset=offset, why=f"only {left} of 8 bytes are present"
        )
    opcode, registers, off, imm = _SLOT.unpack_from(data, offset)
    if opcode == LD_IMM64:
        imm = (imm & _LOW_HALF) | _high_half(data, offset) << 32
    return Instruction(opcode, registers & 0x0F, registers >> 4, off, imm)


def _high_half(data: bytes, offset: int) -> int:
    """Return the upper 32 bits of a 64-bit constant, or zero for other instructions."""
    if len(data) - offset < 2 * SLOT:
        what = "truncated 64-bit load"
        raise DecodeError(what, offset=offset, why="the second slot is missing")
    opcode, registers, off, high = _SLOT.unpack_from(data, offset + SLOT)
    if opcode or registers or off:
        why = "only imm may be set in the second slot"
        raise DecodeError("malformed 64-bit load", offset=offset + SLOT, why=why)
    return int(high) & _LOW_HALF


@lru_cache(maxsize=4096)
def _frequent(data: bytes) -> Instruction | None:
    """Decode an 8-byte or 16-byte instruction, or return None if the bytes are invalid.

    Compiled code is repetitive: most instructions (r1 = r10, exit) occur many times.
    """
    try:
        return decode(data)
    except DecodeError:
        return None


def decode_all(data: bytes) -> list[Instruction]:
    """Decode all instructions in a byte string.

    Raises DecodeError with the offset of the first invalid instruction, or of the first instruction
    beyond the limit of 262,144 slots.

    >>> decode_all(bytes.fromhex("b700000000000000 ff00000000000000"))
    Traceback (most recent call last):
    ...
    rawbpf.errors.DecodeError: offset 0x8: unknown opcode 0xff
    """
    return _decode(data, _stop)


def decode_leniently(data: bytes) -> tuple[list[Instruction], list[DecodeError]]:
    """Decode all instructions in ``data``, and return an error for each invalid instruction.

    The result contains the fields of invalid instructions, so that positions are preserved. An
    incomplete or malformed 64-bit load ends the result, because its length is unknown.

    >>> code, faults = decode_leniently(bytes.fromhex("ff00000000000000 9500000000000000"))
    >>> len(code), [str(fault) for fault in faults]
    (2, ['offset 0x0: unknown opcode 0xff'])
    """
    faults: list[DecodeError] = []
    return _decode(data, faults.append), faults


def _stop(fault: DecodeError) -> None:
    raise fault


def _decode(data: bytes, report: Callable[[DecodeError], None]) -> list[Instruction]:
    if len(data) > _MOST_SLOTS * SLOT:
        report(DecodeError(f"more than {_MOST_SLOTS} instructions", offset=_MOST_SLOTS * SLOT))
    instructions: list[Instruction] = []
    offset, limit = 0, min(len(data), _MOST_SLOTS * SLOT)
    while offset < limit:
        end = offset + (2 * SLOT if data[offset] == LD_IMM64 else SLOT)
        one = _frequent(data[offset:end])
        if one is None:
            try:
                one = decode_unchecked(data, offset)
            except DecodeError as fault:
                report(fault)
                return instructions
            try:
                form_of(one, offset)
            except DecodeError as fault:
                report(fault)
        instructions.append(one)
        offset = end
    return instructions
