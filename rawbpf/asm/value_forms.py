"""Forms of value instructions: arithmetic and the 64-bit constant load.

The classes ALU (32 bits, w registers) and ALU64 (64 bits, r registers) have the same operations.
The second operand is either a register (X) or imm (K). Since cpu v4, the off field selects signed
operations.

The 64-bit constant is a number or the address of an object, which the kernel fills in, depending on
src. The constants for objects are named as in RFC 9669. ``{low}`` and ``{high}`` are the
instruction's two imm fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.asm.form import Form
from rawbpf.asm.instruction import LD_IMM64
from rawbpf.uapi import bpf_insn as isa

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ARITHMETIC", "CONSTANTS"]


class _Operation(NamedTuple):
    name: str
    bits: int
    symbol: str
    meaning: str
    off: int = 0


_OPERATIONS = (
    _Operation("add", isa.BPF_ADD, "+=", "dst + {0}"),
    _Operation("sub", isa.BPF_SUB, "-=", "dst - {0}"),
    _Operation("mul", isa.BPF_MUL, "*=", "dst * {0}"),
    _Operation("div", isa.BPF_DIV, "/=", "dst / {0} unsigned, or 0 if {0} is 0"),
    _Operation("sdiv", isa.BPF_DIV, "s/=", "dst / {0} signed, or 0 if {0} is 0", 1),
    _Operation("or", isa.BPF_OR, "|=", "dst | {0}"),
    _Operation("and", isa.BPF_AND, "&=", "dst & {0}"),
    _Operation("lsh", isa.BPF_LSH, "<<=", "dst << ({0} & {1})"),
    _Operation("rsh", isa.BPF_RSH, ">>=", "dst >> ({0} & {1}) unsigned"),
    _Operation("mod", isa.BPF_MOD, "%=", "dst % {0} unsigned, or dst if {0} is 0"),
    _Operation("smod", isa.BPF_MOD, "s%=", "dst % {0} signed, or dst if {0} is 0", 1),
    _Operation("xor", isa.BPF_XOR, "^=", "dst ^ {0}"),
    _Operation("mov", isa.BPF_MOV, "=", "{0}"),
    _Operation("arsh", isa.BPF_ARSH, "s>>=", "dst >> ({0} & {1}) signed"),
)


def _two_operands(operation: _Operation, bits: int) -> Iterator[Form]:
    """Yield the register form and the immediate form of an operation for one operand width."""
    name, code, symbol, meaning, off = operation
    wide = bits == 64
    kind = isa.BPF_ALU64 if wide else isa.BPF_ALU
    register, number, suffix = ("r", "i32", "") if wide else ("w", "w32", "32")
    cpu, kernel = (4, "6.6") if off else (1 if wide else 3, "3.18")
    for source, operand in (("src:" + register, "src"), ("imm:" + number, "imm")):
        bit = isa.BPF_X if operand == "src" else isa.BPF_K
        shown = "{" + source + "}"
        yield Form(
            kind | code | bit,
            c=f"{{dst:{register}}} {symbol} {shown}",
            mnemonic=f"{name}{suffix} {{dst:r}}, {shown.replace(':w}', ':r}')}",
            meaning="dst = " + meaning.format(operand, bits - 1),
            cpu=cpu,
            kernel=kernel,
            off=off,
        )


def _negations() -> Iterator[Form]:
    for kind, register, suffix, cpu in (
        (isa.BPF_ALU64, "r", "", 1),
        (isa.BPF_ALU, "w", "32", 3),
    ):
        yield Form(
            kind | isa.BPF_NEG,
            c=f"{{dst:{register}}} = -{{dst:{register}}}",
            mnemonic=f"neg{suffix} {{dst:r}}",
            meaning="dst = -dst",
            cpu=cpu,
        )


def _sign_extensions() -> Iterator[Form]:
    for kind, register, to, widths in (
        (isa.BPF_ALU64, "r", 64, (8, 16, 32)),
        (isa.BPF_ALU, "w", 32, (8, 16)),
    ):
        for width in widths:
            yield Form(
                kind | isa.BPF_MOV | isa.BPF_X,
                c=f"{{dst:{register}}} = (s{width}){{src:{register}}}",
                mnemonic=f"movsx{width}to{to} {{dst:r}}, {{src:r}}",
                meaning=f"dst = the low {width} bits of src, sign-extended to {to}",
                cpu=4,
                kernel="6.6",
                off=width,
            )


def _byte_orders() -> Iterator[Form]:
    for kind, name, what, cpu, kernel in (
        (isa.BPF_ALU | isa.BPF_TO_LE, "le", "converted to or from little-endian", 1, "3.18"),
        (isa.BPF_ALU | isa.BPF_TO_BE, "be", "converted to or from big-endian", 1, "3.18"),
        (isa.BPF_ALU64, "bswap", "with their bytes reversed", 4, "6.6"),
    ):
        for width in (16, 32, 64):
            yield Form(
                kind | isa.BPF_END,
                c=f"{{dst:r}} = {name}{width} {{dst:r}}",
                mnemonic=f"{name}{width} {{dst:r}}",
                meaning=f"dst = the low {width} bits of dst, {what}",
                cpu=cpu,
                kernel=kernel,
                imm=width,
            )


def _address_space_casts() -> Iterator[Form]:
    """Yield casts between the kernel's address space (0) and an arena's (1).

    Imm contains to:from.
    """
    for to, origin in ((0, 1), (1, 0)):
        yield Form(
            isa.BPF_ALU64 | isa.BPF_MOV | isa.BPF_X,
            c=f"{{dst:r}} = addr_space_cast({{src:r}}, {to}, {origin})",
            mnemonic=f"addr_space_cast {{dst:r}}, {{src:r}}, {to}, {origin}",
            meaning=f"dst = the address in src, converted from address space {origin} to {to}",
            cpu=4,
            kernel="6.9",
            off=isa.BPF_ADDR_SPACE_CAST,
            imm=to << 16 | origin,
        )


def _wide(value: str, meaning: str, src: int = 0, kernel: str = "3.18", cpu: int = 1) -> Form:
    return Form(
        LD_IMM64,
        c=f"{{dst:r}} = {value} ll",
        mnemonic=f"lddw {{dst:r}}, {value}",
        meaning="dst = " + meaning,
        cpu=cpu,
        kernel=kernel,
        src=src,
    )


CONSTANTS = (
    _wide("{imm:i64}", "imm, 64 bits"),
    _wide("map_by_fd({low:i32})", "the map with this file descriptor", isa.BPF_PSEUDO_MAP_FD),
    _wide(
        "map_val(map_by_fd({low:i32})){high:mem}",
        "an address in the value of this map's only element",
        isa.BPF_PSEUDO_MAP_VALUE,
        "5.2",
    ),
    _wide(
        "var_addr({low:i32})",
        "the address of a kernel variable, by BTF ID",
        isa.BPF_PSEUDO_BTF_ID,
        "5.10",
    ),
    _wide(
        "var_addr({low:i32} in {high:fd})",
        "the address of a variable in the module whose BTF has this file descriptor",
        isa.BPF_PSEUDO_BTF_ID,
        "5.12",
    ),
    _wide(
        "code_addr({low:callee})",
        "the address of a function of this program",
        isa.BPF_PSEUDO_FUNC,
        "5.13",
    ),
    _wide(
        "map_by_idx({low:i32})", "the map at this index in fd_array", isa.BPF_PSEUDO_MAP_IDX, "5.14"
    ),
    _wide(
        "map_val(map_by_idx({low:i32})){high:mem}",
        "an address in the value of this map's only element",
        isa.BPF_PSEUDO_MAP_IDX_VALUE,
        "5.14",
    ),
)

ARITHMETIC = (
    *(form for one in _OPERATIONS for bits in (64, 32) for form in _two_operands(one, bits)),
    *_negations(),
    *_sign_extensions(),
    *_byte_orders(),
    *_address_space_casts(),
)
