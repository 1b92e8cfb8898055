"""The forms of the 64-bit constant. src says what it stands for; the names are RFC 9669's.

``{low}`` and ``{high}`` are the two imm fields.
"""

from __future__ import annotations

from rawbpf.asm.form import Form
from rawbpf.asm.instruction import LD_IMM64
from rawbpf.uapi import bpf_insn as isa

__all__ = ["FORMS"]


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


FORMS = (
    _wide("{imm:i64}", "imm, 64 bits"),
    _wide("map_by_fd({low:i32})", "the map with that file descriptor", isa.BPF_PSEUDO_MAP_FD),
    _wide(
        "map_val(map_by_fd({low:i32})){high:mem}",
        "the address in that map's only value",
        isa.BPF_PSEUDO_MAP_VALUE,
        "5.2",
    ),
    _wide("var_addr({low:i32})", "a kernel variable, by BTF id", isa.BPF_PSEUDO_BTF_ID, "5.10"),
    _wide(
        "var_addr({low:i32} in {high:fd})",
        "a variable of the module whose BTF has that file descriptor",
        isa.BPF_PSEUDO_BTF_ID,
        "5.12",
    ),
    _wide("code_addr({low:callee})", "a function of this program", isa.BPF_PSEUDO_FUNC, "5.13"),
    _wide("map_by_idx({low:i32})", "the map at that index", isa.BPF_PSEUDO_MAP_IDX, "5.14"),
    _wide(
        "map_val(map_by_idx({low:i32})){high:mem}",
        "the address in that map's only value",
        isa.BPF_PSEUDO_MAP_IDX_VALUE,
        "5.14",
    ),
)
