"""Forms of control-flow instructions: jumps, calls and exit.

Class JMP compares all 64 bits, and class JMP32 compares the low 32 bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.form import Form
from rawbpf.uapi import bpf_insn as isa

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["JUMPS"]

_CONDITIONS = (
    ("jeq", isa.BPF_JEQ, "==", "dst == {}"),
    ("jgt", isa.BPF_JGT, ">", "dst > {}, unsigned"),
    ("jge", isa.BPF_JGE, ">=", "dst >= {}, unsigned"),
    ("jset", isa.BPF_JSET, "&", "dst & {} is not 0"),
    ("jne", isa.BPF_JNE, "!=", "dst != {}"),
    ("jsgt", isa.BPF_JSGT, "s>", "dst > {}, signed"),
    ("jsge", isa.BPF_JSGE, "s>=", "dst >= {}, signed"),
    ("jlt", isa.BPF_JLT, "<", "dst < {}, unsigned"),
    ("jle", isa.BPF_JLE, "<=", "dst <= {}, unsigned"),
    ("jslt", isa.BPF_JSLT, "s<", "dst < {}, signed"),
    ("jsle", isa.BPF_JSLE, "s<=", "dst <= {}, signed"),
)

_LATER = {isa.BPF_JLT, isa.BPF_JLE, isa.BPF_JSLT, isa.BPF_JSLE}
"""These comparisons were added with cpu v2 (Linux 4.14).

For older versions, compilers swapped the operands.
"""


def _conditional(name: str, code: int, symbol: str, meaning: str, bits: int) -> Iterator[Form]:
    wide = bits == 64
    kind = isa.BPF_JMP if wide else isa.BPF_JMP32
    register, number, suffix = ("r", "i32", "") if wide else ("w", "w32", "32")
    cpu, kernel = (2, "4.14") if code in _LATER else (1, "3.18")
    if not wide:
        cpu, kernel = 3, "5.1"
    for source, bit in (("src:" + register, isa.BPF_X), ("imm:" + number, isa.BPF_K)):
        shown = "{" + source + "}"
        yield Form(
            kind | code | bit,
            c=f"if {{dst:{register}}} {symbol} {shown} goto {{off:target}}",
            mnemonic=f"{name}{suffix} {{dst:r}}, {shown.replace(':w}', ':r}')}, {{off:target}}",
            meaning=f"jump if {meaning.format(source[:3])}" + ("" if wide else ", low 32 bits"),
            cpu=cpu,
            kernel=kernel,
        )


_UNCONDITIONAL = (
    Form(
        isa.BPF_JMP | isa.BPF_JA,
        c="goto {off:target}",
        mnemonic="ja {off:target}",
        meaning="jump",
    ),
    Form(
        isa.BPF_JMP32 | isa.BPF_JA,
        c="gotol {imm:target}",
        mnemonic="ja32 {imm:target}",
        meaning="jump with a 32-bit distance",
        cpu=4,
        kernel="6.6",
    ),
    Form(
        isa.BPF_JMP | isa.BPF_JCOND,
        c="may_goto {off:target}",
        mnemonic="may_goto {off:target}",
        meaning="jump once the loop has used up its iterations (counted by the kernel)",
        cpu=4,
        kernel="6.9",
    ),
)

_CALL = isa.BPF_JMP | isa.BPF_CALL

_CALLS = (
    Form(
        _CALL,
        c="call {imm:helper}",
        mnemonic="call {imm:helper}",
        meaning="r0 = helper(r1, ... r5)",
    ),
    Form(
        _CALL,
        c="call {imm:pc}",
        mnemonic="call local {imm:callee}",
        meaning="r0 = result of a function of this program, called with r1 to r5",
        cpu=3,
        kernel="4.16",
        src=isa.BPF_PSEUDO_CALL,
    ),
    Form(
        _CALL,
        c="call kfunc {imm:id}",
        mnemonic="call kfunc {imm:id}",
        meaning="r0 = result of the kernel function with this BTF ID, called with r1 to r5",
        cpu=3,
        kernel="5.13",
        src=isa.BPF_PSEUDO_KFUNC_CALL,
    ),
    Form(
        _CALL,
        c="call kfunc {imm:id} in {off:index}",
        mnemonic="call kfunc {imm:id} in {off:index}",
        meaning="the same, for the module whose BTF is at this index in fd_array",
        cpu=3,
        kernel="5.16",
        src=isa.BPF_PSEUDO_KFUNC_CALL,
    ),
    Form(isa.BPF_JMP | isa.BPF_EXIT, c="exit", mnemonic="exit", meaning="return r0"),
)

JUMPS = (
    *(form for row in _CONDITIONS for bits in (64, 32) for form in _conditional(*row, bits)),
    *_UNCONDITIONAL,
    *_CALLS,
)
