"""Arithmetic, byte swaps and conditions of the instruction set, for 64 and 32 bits.

Registers hold unsigned numbers, 0 to 2^64 - 1. Each operation takes operands that are truncated to
its width and may return any integer: the caller keeps only the low bits, which amounts to wrapping
in two's complement. Nothing traps: division by zero yields 0, modulo by zero yields the dividend,
and the smallest number divided by -1 wraps to itself. Shifts use only the low 6 bits of the count
(5 for 32-bit shifts).

>>> TWO_OPERANDS[64][isa.BPF_DIV, 0](7, 0), TWO_OPERANDS[64][isa.BPF_MOD, 0](7, 0)
(0, 7)
>>> hex(TWO_OPERANDS[32][isa.BPF_DIV, 1](0x80000000, 0xFFFFFFFF) & MASK[32])
'0x80000000'

A signed comparison flips the sign bits of both operands and compares them as unsigned numbers, so
that negative numbers are less than all others.

>>> CONDITIONS[32][isa.BPF_JSLT](0xFFFFFFFF, 0), CONDITIONS[32][isa.BPF_JLT](0xFFFFFFFF, 0)
(True, False)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.uapi import bpf_insn as isa

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BYTE_ORDER", "CONDITIONS", "MASK", "ONE_OPERAND", "TWO_OPERANDS", "signed"]

MASK = {8: 0xFF, 16: 0xFFFF, 32: 0xFFFF_FFFF, 64: 0xFFFF_FFFF_FFFF_FFFF}
"""Maps a width in bits to the largest unsigned number of that width."""


def signed(value: int, bits: int) -> int:
    """Reinterpret an unsigned number as a two's complement signed number.

    >>> signed(0xFF, 8), signed(0x7F, 8)
    (-1, 127)
    """
    sign = 1 << (bits - 1)
    return ((value & MASK[bits]) ^ sign) - sign


def _quotient(dividend: int, divisor: int) -> int:
    """Divide and round toward zero as C does; Python rounds down."""
    quotient = abs(dividend) // abs(divisor)
    return quotient if (dividend < 0) == (divisor < 0) else -quotient


def _remainder(dividend: int, divisor: int) -> int:
    """Return the remainder with the dividend's sign as in C; Python uses the divisor's sign."""
    remainder = abs(dividend) % abs(divisor)
    return -remainder if dividend < 0 else remainder


def _two_operands(bits: int) -> dict[tuple[int, int], Callable[[int, int], int]]:
    """Return a table that maps (operation, off) to a function that computes the new dst."""
    count = bits - 1  # the number of low bits of a shift count that are used
    return {
        (isa.BPF_ADD, 0): lambda dst, src: dst + src,
        (isa.BPF_SUB, 0): lambda dst, src: dst - src,
        (isa.BPF_MUL, 0): lambda dst, src: dst * src,
        (isa.BPF_DIV, 0): lambda dst, src: dst // src if src else 0,
        (isa.BPF_MOD, 0): lambda dst, src: dst % src if src else dst,
        (isa.BPF_DIV, 1): lambda dst, src: (
            _quotient(signed(dst, bits), signed(src, bits)) if src else 0
        ),
        (isa.BPF_MOD, 1): lambda dst, src: (
            _remainder(signed(dst, bits), signed(src, bits)) if src else dst
        ),
        (isa.BPF_OR, 0): lambda dst, src: dst | src,
        (isa.BPF_AND, 0): lambda dst, src: dst & src,
        (isa.BPF_XOR, 0): lambda dst, src: dst ^ src,
        (isa.BPF_LSH, 0): lambda dst, src: dst << (src & count),
        (isa.BPF_RSH, 0): lambda dst, src: dst >> (src & count),
        (isa.BPF_ARSH, 0): lambda dst, src: signed(dst, bits) >> (src & count),
    }


TWO_OPERANDS = {bits: _two_operands(bits) for bits in (64, 32)}
"""Maps a width in bits to the operations that compute dst = dst op src."""

ONE_OPERAND: dict[tuple[int, int], Callable[[int], int]] = {
    (isa.BPF_MOV, 0): lambda src: src,
    (isa.BPF_MOV, 8): lambda src: signed(src, 8),
    (isa.BPF_MOV, 16): lambda src: signed(src, 16),
    (isa.BPF_MOV, 32): lambda src: signed(src, 32),
    (isa.BPF_NEG, 0): lambda src: -src,
}
"""Maps (operation, off) to a function that computes dst op src, for both widths."""


def _reverse(value: int, bits: int) -> int:
    """Return the low ``bits`` bits with their bytes reversed."""
    return int.from_bytes((value & MASK[bits]).to_bytes(bits // 8, "little"), "big")


BYTE_ORDER: dict[int, Callable[[int, int], int]] = {
    isa.BPF_ALU | isa.BPF_END | isa.BPF_TO_LE: lambda value, bits: value & MASK[bits],
    isa.BPF_ALU | isa.BPF_END | isa.BPF_TO_BE: _reverse,
    isa.BPF_ALU64 | isa.BPF_END | isa.BPF_TO_LE: _reverse,
}
"""Maps an opcode to a function that takes a value and a width.

BPF_TO_LE only truncates the value, because the machine is little-endian."""


def _conditions(bits: int) -> dict[int, Callable[[int, int], bool]]:
    sign = 1 << (bits - 1)
    return {
        isa.BPF_JEQ: lambda dst, src: dst == src,
        isa.BPF_JNE: lambda dst, src: dst != src,
        isa.BPF_JGT: lambda dst, src: dst > src,
        isa.BPF_JGE: lambda dst, src: dst >= src,
        isa.BPF_JLT: lambda dst, src: dst < src,
        isa.BPF_JLE: lambda dst, src: dst <= src,
        isa.BPF_JSET: lambda dst, src: (dst & src) != 0,
        isa.BPF_JSGT: lambda dst, src: (dst ^ sign) > (src ^ sign),
        isa.BPF_JSGE: lambda dst, src: (dst ^ sign) >= (src ^ sign),
        isa.BPF_JSLT: lambda dst, src: (dst ^ sign) < (src ^ sign),
        isa.BPF_JSLE: lambda dst, src: (dst ^ sign) <= (src ^ sign),
    }


CONDITIONS = {bits: _conditions(bits) for bits in (64, 32)}
"""Maps a width and an operation to a function that decides, from dst and src, whether to jump."""
