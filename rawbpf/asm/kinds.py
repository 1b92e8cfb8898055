"""The operand kinds used in patterns, and how to parse each kind.

    r w         │ a register of 64 or 32 bits
    i32 w32 i64 │ a number: 32 bits signed; 32 bits, signed or not; 64 bits
    mem disp    │ the offset from a base register: " + 4" or "+4"
    beyond      │ the same, but empty for 0
    target      │ the target of a jump: +2, pc+2, a label
    pc callee   │ the target of a call: pc+2; +2 or a name
    helper id   │ a helper's number or name; a BTF ID or a name
    index fd    │ a number from 1 on

A number may be written as a sum and with names of constants. An unknown name becomes a Name, which
the assembler resolves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.uapi.bpf_insn import HELPERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rawbpf.asm.tokens import Token

__all__ = ["KINDS", "Input", "Name", "OperandKind", "Value", "bounds"]


class Name(NamedTuple):
    """A symbol used in place of a number, and a number to add to the symbol's value."""

    text: str
    addend: int = 0


Value = int | Name


class Input(NamedTuple):
    """The tokens of a statement, and the constants that the statement may use."""

    tokens: Sequence[Token]
    constants: Mapping[str, int] = {}


Read = tuple[Value, int] | None
"""A value and the index of the next token, or None if the tokens do not match the kind."""


class OperandKind(NamedTuple):
    """An operand kind; ``what`` completes "expected ...", and the other fields limit numbers."""

    what: str
    read: Callable[[Input, int], Read]
    lowest: int = 0
    highest: int = 0


def _register(letter: str) -> Callable[[Input, int], Read]:
    def read(text: Input, at: int) -> Read:
        token = text.tokens[at]
        if token.kind == "register" and token.text[0] == letter:
            return int(token.text[1:]), at + 1
        return None

    return read


def _is(text: Input, at: int, *operators: str) -> bool:
    token = text.tokens[at]
    return token.kind == "op" and token.text in operators


def _number(text: Input, at: int) -> Read:
    """Read a sum: 4, -4, 'a' + 1, SIZE - 8, symbol + 4."""
    total, name, first = 0, "", True
    while first or _is(text, at, "+", "-"):
        sign, first = 1, False
        while _is(text, at, "+", "-"):  # the kernel prints a negative offset as r2 + -4
            sign, at = (-sign if text.tokens[at].text == "-" else sign), at + 1
        token = text.tokens[at]
        if token.kind == "number":
            total += sign * token.number
        elif token.kind == "name" and token.text in text.constants:
            total += sign * text.constants[token.text]
        elif token.kind == "name" and not name and sign == 1:
            name = token.text
        else:
            return None
        at += 1
    return (Name(name, total) if name else total), at


def _displacement(text: Input, at: int) -> Read:
    """Parse the offset after a base register, which is empty or a sum that starts with a sign."""
    return _number(text, at) if _is(text, at, "+", "-") else (0, at)


def _target(text: Input, at: int) -> Read:
    """Parse a jump target: a label, +2, pc+2, or +2 <function+0x10> as written by llvm-objdump."""
    token = text.tokens[at]
    if token.kind == "name" and token.text != "pc" and token.text not in text.constants:
        return Name(token.text), at + 1
    read = _number(text, at + 1 if token.text == "pc" else at)
    if read is None or isinstance(read[0], Name):
        return None
    value, at = read
    if _is(text, at, "<"):
        while text.tokens[at].kind != "end" and not _is(text, at, ">"):
            at += 1
        at += text.tokens[at].kind != "end"
    return value, at


def _pc(text: Input, at: int) -> Read:
    """Parse a target such as pc+2.

    Names are not accepted, because only the assembler knows the functions in the file.
    """
    return _target(text, at) if text.tokens[at].text == "pc" else None


def _helper(text: Input, at: int) -> Read:
    """Parse a helper's number or name, where a name may include the number (bpf_ktime_get_ns#5)."""
    token = text.tokens[at]
    if token.kind != "name":
        return _number(text, at)
    name, _, number = token.text.partition("#")
    helper = HELPERS.get(name.removeprefix("bpf_"))
    if number and helper is not None and helper.number == int(number):
        return helper.number, at + 1
    return Name(token.text), at + 1


def _signed(bits: int) -> tuple[int, int]:
    return -(1 << bits - 1), (1 << bits - 1) - 1


_ANY_32 = (-(1 << 31), (1 << 32) - 1)
_ANY_64 = (-(1 << 63), (1 << 64) - 1)

KINDS = {
    "r": OperandKind("a register r0-r10", _register("r")),
    "w": OperandKind("a register w0-w10", _register("w")),
    "i32": OperandKind("a number", _number, *_signed(32)),
    "w32": OperandKind("a number", _number, *_ANY_32),
    "i64": OperandKind("a number", _number, *_ANY_64),
    "mem": OperandKind("+ or -, followed by a number", _displacement, *_ANY_32),
    "disp": OperandKind("+ or -, followed by a number", _displacement, *_ANY_32),
    "beyond": OperandKind("+ or -, followed by a number", _displacement, *_signed(32)),
    "target": OperandKind("a label, or a distance such as +2", _target, *_signed(32)),
    "callee": OperandKind("a function, or a distance such as +2", _target, *_signed(32)),
    "pc": OperandKind("a distance such as pc+2", _pc, *_signed(32)),
    "helper": OperandKind("a helper's name or number", _helper, *_signed(32)),
    "id": OperandKind("a name or a BTF ID", _helper, *_signed(32)),
    "index": OperandKind("an index", _number, 1, (1 << 15) - 1),
    "fd": OperandKind("a file descriptor", _number, 1, (1 << 32) - 1),
}


def bounds(kind: str, field: str) -> tuple[int, int]:
    """Return an operand's minimum and maximum; operands in off are limited to 16 bits."""
    lowest, highest = KINDS[kind].lowest, KINDS[kind].highest
    if field == "off":
        return max(lowest, -(1 << 15)), min(highest, (1 << 15) - 1)
    return lowest, highest
