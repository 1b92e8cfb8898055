"""Forms of memory instructions: loads, stores, atomics, and packet access as in classic BPF.

Atomic instructions have class STX and mode ATOMIC; imm selects the operation. LLVM and the kernel
spell several of these instructions differently: the formatter writes LLVM's spelling, and the
parser accepts both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.form import Form
from rawbpf.uapi import bpf_insn as isa

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ATOMICS", "MEMORY"]

_SIZES = (("b", isa.BPF_B, 8), ("h", isa.BPF_H, 16), ("w", isa.BPF_W, 32), ("dw", isa.BPF_DW, 64))


def _narrow(pattern: str, field: str, bits: int) -> str:
    """Return LLVM's spelling since cpu v3, with a w register for accesses of at most 32 bits."""
    return pattern.replace(f"{{{field}:r}}", f"{{{field}:w}}") if bits < 64 else ""


def _loads(letter: str, size: int, bits: int) -> Iterator[Form]:
    load = f"{{dst:r}} = *(u{bits} *)({{src:r}}{{off:mem}})"
    yield Form(
        isa.BPF_LDX | isa.BPF_MEM | size,
        c=load,
        w=_narrow(load, "dst", bits),
        mnemonic=f"ldx{letter} {{dst:r}}, [{{src:r}}{{off:disp}}]",
        meaning=f"dst = {bits} bits at src + off, zero-extended",
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
    """Yield packet loads of 8 to 32 bits in network byte order.

    R6 must hold the sk_buff, and r1-r5 are clobbered.
    """
    if bits == 64:
        return
    yield Form(
        isa.BPF_LD | isa.BPF_ABS | size,
        c=f"r0 = *(u{bits} *)skb[{{imm:i32}}]",
        mnemonic=f"ldabs{letter} {{imm:i32}}",
        meaning=f"r0 = {bits} bits of the packet at imm, in host order; exit if out of bounds",
    )
    # LLVM never shows imm here (it is always 0), but the kernel always does, so a nonzero imm is
    # shown.
    indirect = f"r0 = *(u{bits} *)skb[{{src:r}}"
    yield Form(
        isa.BPF_LD | isa.BPF_IND | size,
        c=indirect + "{imm:beyond}]",
        mnemonic=f"ldind{letter} {{src:r}}, {{imm:i32}}",
        meaning=(
            f"r0 = {bits} bits of the packet at src + imm, in host order; exit if out of bounds"
        ),
    )


MEMORY = (
    *(form for row in _SIZES for form in _loads(*row)),
    *(form for row in _SIZES for form in _stores(*row)),
    *(form for row in _SIZES for form in _packet(*row)),
)


_OPERATIONS = (
    ("add", isa.BPF_ADD, "+="),
    ("or", isa.BPF_OR, "|="),
    ("and", isa.BPF_AND, "&="),
    ("xor", isa.BPF_XOR, "^="),
)
_WIDTHS = ((64, isa.BPF_DW, "r", "", "64"), (32, isa.BPF_W, "w", "32", ""))
"""Bits, size, register letter, mnemonic suffix, and infix in the kernel's function names."""

_ATOMIC = isa.BPF_STX | isa.BPF_ATOMIC


def _plain(bits: int, size: int, letter: str, suffix: str, _infix: str) -> Iterator[Form]:
    for name, code, symbol in _OPERATIONS:
        pattern = f"lock *(u{bits} *)({{dst:r}}{{off:mem}}) {symbol} "
        old = (
            name == "add"
        )  # this operation has always been part of eBPF and was formerly called XADD
        yield Form(
            _ATOMIC | size,
            c=pattern + "{src:r}",
            w=pattern + "{src:w}" if letter == "w" else "",
            mnemonic=f"lock {name}{suffix} [{{dst:r}}{{off:disp}}], {{src:r}}",
            meaning=f"{bits} bits at dst + off {symbol} src",
            cpu=1 if old else 3,
            kernel="3.18" if old else "5.12",
            imm=code,
        )


def _fetching(bits: int, size: int, letter: str, suffix: str, infix: str) -> Iterator[Form]:
    for name, code, symbol in _OPERATIONS:
        arguments = f"((u{bits} *)({{dst:r}}{{off:mem}}), {{src:%s}})"
        yield Form(
            _ATOMIC | size,
            c=f"{{src:{letter}}} = atomic_fetch_{name}" + arguments % letter,
            also=(f"{{src:r}} = atomic{infix}_fetch_{name}" + arguments % "r",),
            mnemonic=f"lock fetch_{name}{suffix} [{{dst:r}}{{off:disp}}], {{src:r}}",
            meaning=f"{bits} bits at dst + off {symbol} src; src = the old value",
            cpu=3,
            kernel="5.12",
            imm=code | isa.BPF_FETCH,
        )


def _exchanges(bits: int, size: int, letter: str, suffix: str, infix: str) -> Iterator[Form]:
    llvm = f"{suffix}_{bits}({{dst:r}}{{off:mem}}, "
    kernel = f"((u{bits} *)({{dst:r}}{{off:mem}}), "
    yield Form(
        _ATOMIC | size,
        c=f"{{src:{letter}}} = xchg{llvm}{{src:{letter}}})",
        also=(f"{{src:r}} = atomic{infix}_xchg{kernel}{{src:r}})",),
        mnemonic=f"lock xchg{suffix} [{{dst:r}}{{off:disp}}], {{src:r}}",
        meaning=f"exchange src and {bits} bits at dst + off",
        cpu=3,
        kernel="5.12",
        imm=isa.BPF_XCHG,
    )
    yield Form(
        _ATOMIC | size,
        c=f"{letter}0 = cmpxchg{llvm}{letter}0, {{src:{letter}}})",
        also=(f"r0 = atomic{infix}_cmpxchg{kernel}r0, {{src:r}})",),
        mnemonic=f"lock cmpxchg{suffix} [{{dst:r}}{{off:disp}}], {{src:r}}",
        meaning=f"{bits} bits at dst + off = src if they equal r0; r0 = the old value",
        cpu=3,
        kernel="5.12",
        imm=isa.BPF_CMPXCHG,
    )


def _ordered(letter: str, size: int, bits: int) -> Iterator[Form]:
    register = "r" if bits == 64 else "w"
    load = f"{{dst:%s}} = load_acquire((u{bits} *)({{src:r}}{{off:mem}}))"
    store = f"store_release((u{bits} *)({{dst:r}}{{off:mem}}), {{src:%s}})"
    yield Form(
        _ATOMIC | size,
        c=load % register,
        also=(load % "r",),
        mnemonic=f"ldacq{letter} {{dst:r}}, [{{src:r}}{{off:disp}}]",
        meaning=f"dst = {bits} bits at src + off, before all later accesses",
        cpu=4,
        kernel="6.15",
        imm=isa.BPF_LOAD_ACQ,
    )
    yield Form(
        _ATOMIC | size,
        c=store % register,
        also=(store % "r",),
        mnemonic=f"strel{letter} [{{dst:r}}{{off:disp}}], {{src:r}}",
        meaning=f"{bits} bits at dst + off = src, after all earlier accesses",
        cpu=4,
        kernel="6.15",
        imm=isa.BPF_STORE_REL,
    )


ATOMICS = (
    *(form for width in _WIDTHS for form in _plain(*width)),
    *(form for width in _WIDTHS for form in _fetching(*width)),
    *(form for width in _WIDTHS for form in _exchanges(*width)),
    *(form for row in _SIZES for form in _ordered(*row)),
)
