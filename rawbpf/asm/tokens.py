r"""The tokenizer, which splits the lines of an assembly text into tokens.

Comments begin with ``;``, ``#`` or ``//``. Numbers are written as 10, 0x1f, 0b101, 1_000 or 'a';
the number 'abcd' is stored in memory as these four bytes. Names may contain dots and dollar signs,
and may end in ``#5``, as the kernel prints helpers: ``bpf_ktime_get_ns#5``.

>>> [token.text for token in tokenize(Line("x", 1, "if w1 s> 'a' goto +2  ; comment"))]
['if', 'w1', 's>', "'a'", 'goto', '+', '2', '']
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rawbpf.errors import AssemblyError

__all__ = ["Line", "Token", "tokenize", "unquote"]


class Line(NamedTuple):
    """A line of text, with its file name and line number."""

    file: str
    number: int
    text: str

    def error(self, what: str, column: int, expected: str = "") -> AssemblyError:
        """Return an error for the caller to raise at the 1-based ``column``."""
        return AssemblyError(
            what,
            file=self.file,
            line=self.number,
            column=column,
            source=_visible(self.text[: column + _CONTEXT]),
            expected=expected,
        )


_CONTEXT = 100
"""The number of characters shown after an error's position, since lines may be very long."""


def _visible(text: str) -> str:
    """Replace characters that would move a terminal's cursor, without shifting columns."""
    return "".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


class Token(NamedTuple):
    """A token whose ``kind`` is register, name, number, string, op or end.

    ``number`` is the token's numeric value.
    """

    kind: str
    text: str
    column: int
    number: int = 0


_PATTERN = re.compile(
    r"""
      (?P<space>   \s+ )
    | (?P<comment> (?: ; | // | \# ) .* )
    | (?P<register> %? [rw] (?: 10 | [0-9] ) (?![\w.$]) )
    | (?P<signed>  s (?: >>= | /= | %= | >= | <= | > | < ) )
    | (?P<number>  (?: 0[xX][0-9a-fA-F_]+ | 0[bB][01_]+ | [0-9][0-9_]* ) (?![\w.$]) )
    | (?P<char>    ' (?: \\. | [^'\\] )+ ' )
    | (?P<string>  " (?: \\. | [^"\\] )* " )
    | (?P<name>    [A-Za-z_.$] [\w.$]* (?: \#[0-9]+ )? )
    | (?P<op>      <<= | >>= | [-+*/%&|^=!<>]= | << | >> | [-+*/%&|^=<>()\[\],:~@] )
    """,
    re.VERBOSE | re.ASCII,
)

_LONGEST_NAME = 255
_LONGEST_NUMBER = 70
"""The maximum number of characters, including the prefix.

Converting a number with millions of digits would take very long.
"""


def tokenize(line: Line) -> list[Token]:
    """Return the tokens of a line, followed by an "end" token."""
    tokens, at = [], 0
    while at < len(line.text):
        match = _PATTERN.match(line.text, at)
        if match is None:
            raise line.error(f"unexpected {_word(line.text, at)!r}", at + 1)
        if match.lastgroup not in ("space", "comment"):
            tokens.append(_token(line, match))
        at = match.end()
    column = tokens[-1].column + len(tokens[-1].text) if tokens else len(line.text) + 1
    return [*tokens, Token("end", "", column)]


def _word(text: str, at: int) -> str:
    """Return the text up to the next space, for quoting in an error message.

    The first character is always included, because str.split() treats some control characters as
    spaces.
    """
    return text[at] + text[at + 1 : at + 40].partition(" ")[0].partition("\t")[0]


def _token(line: Line, match: re.Match[str]) -> Token:
    kind, text, column = match.lastgroup or "", match.group(), match.start() + 1
    if kind == "number":
        return Token(kind, text, column, _number(line, text, column))
    if kind == "char":
        raw = unquote(line, text, column)
        if len(raw) > 8:
            raise line.error(
                f"{text} is too long ({len(raw)} bytes)",
                column,
                "at most 8 bytes, for a 64-bit number",
            )
        return Token("number", text, column, int.from_bytes(raw, "little"))
    if kind == "name" and len(text) > _LONGEST_NAME:
        raise line.error(
            f"a name of {len(text)} characters is too long", column, f"at most {_LONGEST_NAME}"
        )
    if kind == "register":
        return Token(kind, text.lstrip("%"), column)
    return Token("op" if kind == "signed" else kind, text, column)


def _number(line: Line, text: str, column: int) -> int:
    try:
        if len(text) <= _LONGEST_NUMBER:
            return int(text, 0)
    except ValueError:
        # A leading zero means octal in C and is an error in Python, so guessing would be unsafe.
        raise line.error(f"invalid number {text!r}", column, "decimal, 0x or 0b digits") from None
    raise line.error(f"a number with {len(text)} digits is too large", column, "at most 64 bits")


_ESCAPES = {"n": 10, "t": 9, "r": 13, "0": 0, "a": 7, "b": 8, "e": 27, "f": 12, "v": 11}
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL)


def unquote(line: Line, text: str, column: int) -> bytes:
    r"""Return a string literal's UTF-8 bytes, with escapes such as \n, \0, \x41, \\ replaced.

    >>> unquote(Line("x", 1, ""), r'"a\n\x00"', 1)
    b'a\n\x00'
    """

    def undo(match: re.Match[bytes]) -> bytes:
        if match[1]:
            return bytes.fromhex(match[1].decode())
        letter = match[2].decode("latin-1")
        if letter in "\"'\\":
            return match[2]
        if letter not in _ESCAPES:
            raise line.error(
                f"unknown escape \\{letter}", column, r"\n, \t, \0, \x41, \\ and the like"
            )
        return bytes([_ESCAPES[letter]])

    return _ESCAPE.sub(undo, text[1:-1].encode(errors="surrogateescape"))
