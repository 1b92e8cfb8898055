"""The parser, which converts one line of text in either dialect to an instruction.

>>> parse_instruction("r0 = *(u32 *)(r1 + 4)") == parse_instruction("ldxw r0, [r1+4]")
True
>>> parse_instruction("r0 = *(u33 *)(r1 + 4)")
Traceback (most recent call last):
...
rawbpf.errors.AssemblyError: <text>:1:8: unexpected 'u33'; expected 'u32'
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from rawbpf.asm.grammar import Furthest, Statement, grammar, match
from rawbpf.asm.instruction import LD_IMM64, Instruction
from rawbpf.asm.kinds import Input, Name, bounds
from rawbpf.asm.tokens import Line, tokenize
from rawbpf.uapi.bpf_insn import HELPERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rawbpf.asm.grammar import Operand
    from rawbpf.asm.tokens import Token
    from rawbpf.errors import AssemblyError

__all__ = ["encode_statement", "helper_number", "parse_instruction", "parse_statement"]

_LOW_HALF = 0xFFFF_FFFF


def parse_instruction(text: str, file: str = "<text>", number: int = 1) -> Instruction:
    """Parse one line of text as an instruction.

    Raises AssemblyError if the line is not an instruction or uses a label.
    """
    line = Line(file, number, text)
    return encode_statement(parse_statement(line, tokenize(line)), line)


def parse_statement(
    line: Line, tokens: Sequence[Token], constants: Mapping[str, int] | None = None
) -> Statement:
    """Return an instruction's form and operands, with names of constants replaced by numbers."""
    furthest = Furthest()
    statement = match(Input(tokens, constants or {}), furthest)
    if statement is None:
        raise _stuck(line, tokens, furthest)
    return statement


def _stuck(line: Line, tokens: Sequence[Token], furthest: Furthest) -> AssemblyError:
    """Return an error that points to the token where parsing stopped."""
    token = tokens[furthest.at]
    if furthest.at == 0:
        near = get_close_matches(token.text, grammar().words, n=2)
        expected = " or ".join(map(repr, near)) or "an instruction"
        return line.error(f"unknown instruction {token.text!r}", token.column, expected)
    what = f"unexpected {token.text!r}" if token.text else "unexpected end of line"
    return line.error(what, token.column, furthest.expected(token.text))


def encode_statement(statement: Statement, line: Line) -> Instruction:
    """Return the instruction for a statement whose names, except helper names, have been resolved.

    Raises AssemblyError if a number is out of range.
    """
    form = statement.form
    fields = {"dst": 0, "src": form.src, "off": form.off, "imm": form.imm}
    for field, operand in statement.operands.items():
        fields[field] = _checked(field, operand, line)
    imm = fields["imm"]
    if form.opcode == LD_IMM64:
        low, high = fields.get("low", imm), fields.get("high", imm >> 32)
        imm = (high & _LOW_HALF) << 32 | low & _LOW_HALF
    elif imm > _LOW_HALF >> 1:
        imm -= 1 << 32
    return Instruction(form.opcode, fields["dst"], fields["src"], fields["off"], imm)


def _checked(field: str, operand: Operand, line: Line) -> int:
    """Return an operand's numeric value.

    Raises AssemblyError if the value exceeds the bounds of its field.
    """
    value = operand.value
    if isinstance(value, Name):
        if operand.kind != "helper":
            raise line.error(f"unknown name {value.text!r}", operand.column)
        return helper_number(value, operand.column, line)
    if operand.kind in ("r", "w"):
        return value
    lowest, highest = bounds(operand.kind, field)
    if not lowest <= value <= highest:
        hint = ""
        if operand.kind == "i32" and -(1 << 63) <= value < 1 << 64:
            hint = "(or use the 64-bit load: `r1 = NUMBER ll`, `lddw`)"
        expected = f"a number from {lowest} to {highest} {hint}".rstrip()
        raise line.error(f"{value} is out of range", operand.column, expected)
    return value


def helper_number(name: Name, column: int, line: Line) -> int:
    """Return a helper's number by its name, with or without ``bpf_``."""
    helper = HELPERS.get(name.text.removeprefix("bpf_"))
    if helper is None:
        near = get_close_matches(name.text.removeprefix("bpf_"), HELPERS, n=2)
        expected = " or ".join(near) or "the name of a function or helper"
        raise line.error(f"unknown function or helper {name.text!r}", column, expected)
    return helper.number
