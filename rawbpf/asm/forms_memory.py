"""The forms of memory: loads, stores, and the packet access inherited from classic BPF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.form import Form
from rawbpf.uapi import bpf_insn as isa

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FORMS"]

_SIZES = (("b", isa.BPF_B, 8), ("h", isa.BPF_H, 16), ("w", isa.BPF_W, 32), ("dw", isa.BPF_DW, 64))


def _narrow(pattern: str, field: str, bits: int) -> str:
    """LLVM's spelling from cpu v3 on: a w register where 32 bits or less move."""
    return pattern.replace(f"{{{field}:r}}", f"{{{field}:w}}") if bits < 64 else ""


def _loads(letter: str, size: int, bits: int) -> Iterator[Form]:
    load = f"{{dst:r}} = *(u{bits} *)({{src:r}}{{off:mem}})"
    yield Form(
        isa.BPF_LDX | isa.BPF_MEM | size,
        c=load,
        w=_narrow(load, "dst", bits),
        mnemonic=f"ldx{letter} {{dst:r}}, [{{src:r}}{{off:disp}}]",
        meaning=f"dst = {bits} bits at src + off, zeroes above",
    )
    if bits < 64:
        yield Form(
            isa.BPF_LDX | isa.BPF_MEMSX | size,
            c=f"{{dst:r}} = *(s{bits} *)({{src:r}}{{off:mem}})",
            mnemonic=f"ldxs{letter} {{dst:r}}, [{{src:r}}{{off:disp}}]",
            meaning=f"dst = {bits} bits at src + off, sign-extended to 64",
            cpu=4,
            kernel="6.6",
        )


def _stores(letter: str, size: int, bits: int) -> Iterator[Form]:
    store = f"*(u{bits} *)({{dst:r}}{{off:mem}}) = {{src:r}}"
    yield Form(
        isa.BPF_STX | isa.BPF_MEM | size,
        c=store,
        w=_narrow(store, "src", bits),
        mnemonic=f"stx{letter} [{{dst:r}}{{off:disp}}], {{src:r}}",
        meaning=f"{bits} bits at dst + off = src",
    )
    number = "i32" if bits == 64 else "w32"
    yield Form(
        isa.BPF_ST | isa.BPF_MEM | size,
        c=f"*(u{bits} *)({{dst:r}}{{off:mem}}) = {{imm:{number}}}",
        mnemonic=f"st{letter} [{{dst:r}}{{off:disp}}], {{imm:{number}}}",
        meaning=f"{bits} bits at dst + off = imm" + (", sign-extended" if bits == 64 else ""),
    )


def _packet(letter: str, size: int, bits: int) -> Iterator[Form]:
    """Big-endian on the wire; r6 holds the sk_buff, r1-r5 are destroyed. No 64 bits."""
    if bits == 64:
        return
    yield Form(
        isa.BPF_LD | isa.BPF_ABS | size,
        c=f"r0 = *(u{bits} *)skb[{{imm:i32}}]",
        mnemonic=f"ldabs{letter} {{imm:i32}}",
        meaning=f"r0 = {bits} bits of the packet at imm, in host order; exit if beyond its end",
    )
    # LLVM never shows imm here (it leaves it 0), the kernel always does: shown unless 0.
    indirect = f"r0 = *(u{bits} *)skb[{{src:r}}"
    yield Form(
        isa.BPF_LD | isa.BPF_IND | size,
        c=indirect + "{imm:beyond}]",
        mnemonic=f"ldind{letter} {{src:r}}, {{imm:i32}}",
        meaning=f"r0 = {bits} bits of the packet at src + imm",
    )


FORMS = (
    *(form for row in _SIZES for form in _loads(*row)),
    *(form for row in _SIZES for form in _stores(*row)),
    *(form for row in _SIZES for form in _packet(*row)),
)
