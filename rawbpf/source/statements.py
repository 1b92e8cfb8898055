"""Split a line into statements at semicolons.

In other assemblers, a semicolon separates instructions. In .bpf.s files, a semicolon also starts a
comment, as in the verifier's log:

    ; a comment
    r0 = 0            ; a comment
    r0 = 0; exit;     two instructions

Text after a semicolon is therefore a comment only if it does not read as an instruction. If the
line also ends with a semicolon, all its parts must be instructions, so that a typing error in the
last instruction does not turn it into a comment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.grammar import Furthest, match
from rawbpf.asm.kinds import Input
from rawbpf.asm.tokens import tokenize
from rawbpf.errors import AssemblyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rawbpf.asm.tokens import Line, Token

__all__ = ["statements_of"]


def statements_of(line: Line) -> list[Sequence[Token]]:
    """Return the tokens of each statement of a line, each list followed by an "end" token.

    >>> from rawbpf.asm.tokens import Line
    >>> [len(tokens) for tokens in statements_of(Line("x", 1, "r0 = 0; exit;"))]
    [4, 2]
    >>> [len(tokens) for tokens in statements_of(Line("x", 1, "r0 = 0  ; the exit code"))]
    [4]
    """
    first = tokenize(line)
    text, end = line.text, _comment(line, first)
    if end is None or first[0].kind == "end" or first[0].text.startswith("."):
        return [first]
    parts: list[Sequence[Token]] = [first]
    must = text.rstrip().endswith(";")
    while end < len(text):
        # Spaces preserve the columns of the tokens, because errors refer to columns.
        rest = line._replace(text=" " * (end + 1) + text[end + 1 :])
        try:
            tokens = tokenize(rest)
        except AssemblyError:
            tokens = []
        if not tokens or (tokens[0].kind != "end" and not (must or _is_instruction(tokens))):
            break
        if tokens[0].kind != "end":
            parts.append(tokens)
        following = _comment(rest, tokens)
        end = len(text) if following is None else following
    return parts


def _comment(line: Line, tokens: Sequence[Token]) -> int | None:
    """Return the offset of the semicolon that ends the statement, or None if there is none."""
    start = tokens[-1].column - 1
    at = start + len(line.text[start:]) - len(line.text[start:].lstrip())
    return at if line.text[at : at + 1] == ";" else None


def _is_instruction(tokens: Sequence[Token]) -> bool:
    return match(Input(tokens), Furthest()) is not None
