"""What conditions mean: when a jump is taken.

Operands are unsigned numbers of 64 bits, or of 32. Flipping the sign bit of both turns a signed
comparison into an unsigned one: it moves the negative numbers below the others.

>>> CONDITIONS[32][isa.BPF_JSLT](0xFFFFFFFF, 0), CONDITIONS[32][isa.BPF_JLT](0xFFFFFFFF, 0)
(True, False)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.uapi import bpf_insn as isa

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CONDITIONS"]


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
"""By width: operation -> dst, src -> whether to jump."""
