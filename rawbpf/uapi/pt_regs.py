"""struct pt_regs: the registers of the interrupted function, which a kprobe program gets.

Source: arch/x86/include/asm/ptrace.h and arch/arm64/include/asm/ptrace.h (of the latter, the part
that is struct user_pt_regs; programs are not let see more).

>>> PT_REGS["x86_64"].offset("di"), PT_REGS["x86_64"].size
(112, 168)
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PT_REGS", "PtRegs"]


class PtRegs(NamedTuple):
    """Its fields, all of 8 bytes; those with arguments 0, 1 ...; those of result, ip and sp."""

    fields: tuple[str, ...]
    arguments: tuple[str, ...]
    result: str
    ip: str
    sp: str

    @property
    def size(self) -> int:
        """In bytes."""
        return 8 * len(self.fields)

    def offset(self, field: str) -> int:
        """Of a field, in bytes."""
        return 8 * self.fields.index(field)


_X86_64 = (
    "r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8", "ax", "cx", "dx", "si", "di",
    "orig_ax", "ip", "cs", "flags", "sp", "ss",
)  # fmt: skip

PT_REGS = {
    "x86_64": PtRegs(
        _X86_64,
        ("di", "si", "dx", "cx", "r8", "r9"),
        result="ax",
        ip="ip",
        sp="sp",
    ),
    "aarch64": PtRegs(
        (*(f"x{number}" for number in range(31)), "sp", "pc", "pstate"),
        tuple(f"x{number}" for number in range(8)),
        result="x0",
        ip="pc",
        sp="sp",
    ),
}
"""By machine, as `uname -m` names it."""
