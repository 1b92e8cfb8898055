"""Format instructions as text in either dialect.

>>> from rawbpf.asm.instruction import Instruction
>>> load = Instruction(0x61, 0, 1, 4)
>>> format_instruction(load), format_instruction(load, MNEMONIC)
('r0 = *(u32 *)(r1 + 4)', 'ldxw r0, [r1+4]')
>>> format_instruction(Instruction(0x66, 1, 0, 2, 7))
'if w1 s> 7 goto +2'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.asm.form import Placeholder, parts
from rawbpf.asm.forms import form_of
from rawbpf.uapi.bpf_insn import HELPER_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rawbpf.asm.form import Form
    from rawbpf.asm.instruction import Instruction

__all__ = ["DIALECTS", "MNEMONIC", "C", "Style", "format_instruction"]


class Style(NamedTuple):
    """Options for formatting instructions.

    ``dialect`` is either "c" or "mnemonic". ``numbers`` is "decimal" or "hex", as llvm-objdump
    writes with and without --no-print-imm-hex, or "auto", which writes only small numbers in
    decimal. With ``w``, 32-bit loads and stores show w registers, as LLVM does for cpu v3.
    With ``helpers``, calls show the helper's name.
    """

    dialect: str = "c"
    numbers: str = "auto"
    w: bool = False
    helpers: bool = False


C = Style("c")
MNEMONIC = Style("mnemonic")
DIALECTS = {style.dialect: style for style in (C, MNEMONIC)}

_SMALL = 1 << 16
"""Numbers below this limit are easier to read in decimal.

Larger numbers are mostly bit patterns.
"""


def format_instruction(
    instruction: Instruction,
    style: Style = C,
    names: Mapping[str, str] | None = None,
    form: Form | None = None,
) -> str:
    """Format an instruction as text.

    ``names`` maps a field to a label or symbol that is written instead of the number. ``form``
    replaces the form that the instruction's bits select. Raises DecodeError if the instruction has
    no form.
    """
    form = form or form_of(instruction)
    values = _values(instruction)
    texts = (
        part if isinstance(part, str) else _operand(part, values[part.field], style, names or {})
        for part in parts(_pattern(form, style))
    )
    return "".join(texts)


def _pattern(form: Form, style: Style) -> str:
    if style.dialect == "mnemonic":
        return form.mnemonic
    return form.w if style.w and form.w else form.c


def _values(instruction: Instruction) -> dict[str, int]:
    low = instruction.imm & 0xFFFF_FFFF
    return {
        **instruction._asdict(),
        "low": low - (low >> 31 << 32),
        "high": instruction.imm >> 32,
    }


def _operand(operand: Placeholder, value: int, style: Style, names: Mapping[str, str]) -> str:
    """Format an operand, using a name instead of the number if one is given."""
    if operand.kind in ("r", "w"):
        return f"{operand.kind}{value}"
    if operand.field in names:
        return names[operand.field]
    if operand.kind in _SIGNED:
        before, between = _SIGNED[operand.kind]
        if operand.kind == "beyond" and not value:
            return ""
        return before + ("-" if value < 0 else "+") + between + _number(abs(value), style)
    if operand.kind == "helper" and style.helpers and value in HELPER_NAMES:
        return f"bpf_{HELPER_NAMES[value]}#{value}"
    return _wide(value, style) if operand.kind == "i64" else _number(value, style)


_SIGNED = {
    "mem": (" ", " "),
    "beyond": (" ", " "),
    "disp": ("", ""),
    "target": ("", ""),
    "callee": ("", ""),
    "pc": ("pc", ""),
}
"""Operand kinds that are always written with a sign, and the text before and after the sign."""


def _number(value: int, style: Style) -> str:
    small = style.numbers == "auto" and -_SMALL < value < _SMALL
    return str(value) if small or style.numbers == "decimal" else hex(value)


def _wide(value: int, style: Style) -> str:
    """Format a 64-bit number as signed, like LLVM; with "auto", large numbers are unsigned."""
    signed = value - (value >> 63 << 64)
    if style.numbers == "auto" and not -_SMALL < signed < _SMALL:
        return hex(value)
    return _number(signed, style)
