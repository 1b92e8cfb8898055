"""Parse the arguments of a directive from left to right.

Numbers are expressions with C syntax and precedence: | ^ & << >> + - * / % - ~ and parentheses.

>>> from rawbpf.asm.tokens import Line, tokenize
>>> line = Line("x", 1, "(1 << SHIFT) | 3 * 2")
>>> Arguments(line, tokenize(line), {"SHIFT": 4}).number()
22
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from rawbpf.asm.tokens import Line, Token, unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rawbpf.errors import AssemblyError

__all__ = ["Arguments"]

_LEVELS: tuple[dict[str, Callable[[int, int], int]], ...] = (
    {"|": operator.or_},
    {"^": operator.xor},
    {"&": operator.and_},
    {"<<": operator.lshift, ">>": operator.rshift},
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": operator.floordiv, "%": operator.mod},
)
"""Binary operators, from the lowest to the highest precedence."""

_DEEPEST = 50
_LARGEST = 1 << 64


class Arguments:
    """A cursor over the tokens of a line.

    Each method reads one argument, or raises an AssemblyError that says what was expected.
    """

    def __init__(self, line: Line, tokens: Sequence[Token], constants: Mapping[str, int]) -> None:
        self.line = line
        self._tokens = tokens
        self._constants = constants
        self._at = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        """The next token."""
        return self._tokens[self._at]

    def error(self, what: str, expected: str = "", token: Token | None = None) -> AssemblyError:
        """Return an error for the caller to raise at ``token``, by default the next token."""
        return self.line.error(what, (token or self.token).column, expected)

    def take(self) -> Token:
        """Consume and return the next token; the end token is never consumed."""
        token = self.token
        self._at += token.kind != "end"
        return token

    def expect(self, kind: str, what: str) -> Token:
        """Consume and return the next token, which must be of the given kind."""
        if self.token.kind != kind:
            raise self._unexpected(what)
        return self.take()

    def _unexpected(self, what: str) -> AssemblyError:
        text = self.token.text
        return self.error(f"unexpected {text!r}" if text else "unexpected end of line", what)

    def comma(self) -> bool:
        """Consume a comma if it is the next token; return whether a comma was consumed."""
        return self.operator(",")

    def operator(self, text: str) -> bool:
        """Consume the given operator if it is the next token; return whether it was consumed."""
        if self.token.kind == "op" and self.token.text == text:
            self.take()
            return True
        return False

    def skip(self) -> None:
        """Skip the remaining arguments."""
        self._at = len(self._tokens) - 1

    def end(self) -> None:
        """Check that no tokens are left."""
        if self.token.kind != "end":
            raise self._unexpected("the end of the line")

    def name(self, what: str) -> str:
        """Read a name, which error messages describe as ``what``."""
        return self.expect("name", what).text

    def string(self, what: str = 'a string, such as "GPL"') -> bytes:
        """Read a string and return its bytes."""
        token = self.expect("string", what)
        return unquote(self.line, token.text, token.column)

    def text(self, what: str) -> str:
        """Read a string without control characters, such as a section, a path or a license."""
        token = self.token
        text = self.string(what).decode(errors="surrogateescape")
        if not text or not text.isprintable():
            raise self.error("invalid name", what, token)
        return text

    def number(self, lowest: int = -(_LARGEST >> 1), highest: int = _LARGEST - 1) -> int:
        """Read an expression and return its value, which must be within the given bounds."""
        token = self.token
        value = self._binary(0)
        if not lowest <= value <= highest:
            raise self.error(f"{value} is out of range", f"{lowest} to {highest}", token)
        return value

    def _binary(self, level: int) -> int:
        if level == len(_LEVELS):
            return self._unary()
        value = self._binary(level + 1)
        while self.token.kind == "op" and self.token.text in _LEVELS[level]:
            operation = self.take()
            value = self._apply(operation, value, self._binary(level + 1))
        return value

    def _apply(self, operation: Token, left: int, right: int) -> int:
        """Apply an operator. Results are limited to 64 bits, so that no operation can take long."""
        if operation.text in ("/", "%") and right == 0:
            raise self.error("division by zero", token=operation)
        if operation.text in ("<<", ">>") and not 0 <= right < 64:
            raise self.error(f"invalid shift by {right}", "0 to 63", operation)
        value = next(row[operation.text] for row in _LEVELS if operation.text in row)(left, right)
        if not -_LARGEST < value < _LARGEST:
            raise self.error("the result does not fit in 64 bits", token=operation)
        return value

    def _unary(self) -> int:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self.error("the expression is nested too deeply")
        try:
            if self.operator("-"):
                return -self._unary()
            if self.operator("~"):
                return ~self._unary()
            if self.operator("("):
                value = self._binary(0)
                if not self.operator(")"):
                    raise self._unexpected("')'")
                return value
            return self._atom()
        finally:
            self._depth -= 1

    def _atom(self) -> int:
        token = self.token
        if token.kind == "number":
            return self.take().number
        if token.kind == "name" and token.text in self._constants:
            self.take()
            return self._constants[token.text]
        if token.kind == "name":
            raise self.error(f"unknown constant {token.text!r}", "a number, or a preceding .equ")
        raise self._unexpected("a number")
