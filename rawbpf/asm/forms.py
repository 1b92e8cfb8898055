"""The table of all forms, and the lookup of an instruction's form.

The opcode alone does not determine the form: depending on src, a call targets a helper, a BPF
function or a kernel function. Fields that a form does not use must have a fixed value, usually 0;
otherwise the kernel rejects the program.

>>> from rawbpf.asm.instruction import Instruction
>>> form_of(Instruction(0x37, 1, 0, 1, 7)).name
'sdiv'
>>> form_of(Instruction(0x95, 3))
Traceback (most recent call last):
...
rawbpf.errors.DecodeError: offset 0x0: malformed exit: dst must be 0, but is 3
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from rawbpf.asm.instruction import LD_IMM64
from rawbpf.asm.jump_forms import JUMPS
from rawbpf.asm.memory_forms import ATOMICS, MEMORY
from rawbpf.asm.value_forms import ARITHMETIC, CONSTANTS
from rawbpf.errors import DecodeError
from rawbpf.uapi.bpf_insn import MAX_BPF_REG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.asm.form import Form
    from rawbpf.asm.instruction import Instruction

__all__ = ["FORMS", "form_of"]

FORMS: tuple[Form, ...] = (*ARITHMETIC, *JUMPS, *MEMORY, *ATOMICS, *CONSTANTS)
"""All instruction forms."""

_FIELDS = ("dst", "src", "off", "imm")


_FOREIGN = {
    0x0D: "a jump to an address in a register (gotox, Linux 6.19), which rawbpf does not support",
    0x8D: "clang calls a function through a pointer (callx), which no kernel supports",
}
"""Instructions that compilers emit but no kernel supports, keyed by opcode."""


@cache
def _by_opcode() -> dict[int, list[Form]]:
    table: dict[int, list[Form]] = {}
    for form in FORMS:
        table.setdefault(form.opcode, []).append(form)
    return table


def form_of(instruction: Instruction, offset: int = 0) -> Form:
    """Return an instruction's form.

    Raises DecodeError with ``offset`` if the instruction matches no form.
    """
    candidates = _by_opcode().get(instruction.opcode)
    if candidates is None:
        what = f"unknown opcode {instruction.opcode:#04x}"
        raise DecodeError(what, offset=offset, why=_FOREIGN.get(instruction.opcode))
    faults = []
    for form in candidates:
        fault = next(_faults(form, instruction), None)
        if fault is None:
            return form
        faults.append(fault)
    # The form whose first mismatch comes last matches the most fields, so it is probably the
    # intended form.
    field, why = max(faults, key=lambda fault: _FIELDS.index(fault[0]))
    name = candidates[[f[0] for f in faults].index(field)].name
    raise DecodeError(f"malformed {name}", offset=offset, why=why)


def _faults(form: Form, instruction: Instruction) -> Iterator[tuple[str, str]]:
    """Yield each field that does not match this form, with the reason."""
    for field in _FIELDS:
        value = getattr(instruction, field)
        if field == "imm" and instruction.opcode == LD_IMM64:
            if value >> 32 and not (form.shows("high") or form.shows("imm")):
                yield field, f"the upper half of imm must be 0, but is {value >> 32:#x}"
        elif not form.shows(field) and value != _fixed(form, field):
            yield field, f"{field} must be {_fixed(form, field)}, but is {value}"
        elif field in ("dst", "src") and value >= MAX_BPF_REG:
            yield field, f"register {value} does not exist"
        elif "{off:index}" in form.c and field == "off" and value < 1:
            yield field, f"off must be an index, but is {value}"


def _fixed(form: Form, field: str) -> int:
    """Return the value that a field must have if it is not an operand."""
    return 0 if field == "dst" else int(getattr(form, field))
