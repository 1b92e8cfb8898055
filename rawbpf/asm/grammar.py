"""The grammar: the patterns of all forms, in one tree of tokens.

Each pattern is a path; those that begin alike share their beginning:

    r ─ = ─┬─ number ─┬─ (end)                      r1 = 5
           │          └─ ll                         r1 = 5 ll
           ├─ r                                     r1 = r2
           └─ * ─ ( ─┬─ u32 ─ * ─ ) ─ ( ...         r1 = *(u32 *)(r2 + 4)
                     └─ s32 ─ ...

Both dialects are in it, since no text means different things in the two. Where reading gets stuck,
the branches that were open there are what was expected.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.asm.form import Placeholder, parts
from rawbpf.asm.forms import FORMS
from rawbpf.asm.kinds import KINDS, Input, Value
from rawbpf.asm.tokens import Line, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.asm.form import Form

__all__ = ["Furthest", "Statement", "grammar", "match"]


_MOST_WORDS = 6
"""More would not be read."""


class Node:
    """A place in the tree: which tokens and operands may follow, and the form that ends here."""

    __slots__ = ("form", "operands", "words")

    def __init__(self) -> None:
        self.words: dict[str, Node] = {}
        self.operands: dict[Placeholder, Node] = {}
        self.form: Form | None = None


class Operand(NamedTuple):
    """What was read for a field: its value, the kind it was read as, its column in the line."""

    value: Value
    kind: str
    column: int


class Statement(NamedTuple):
    """A form, and what stands for its fields."""

    form: Form
    operands: dict[str, Operand]


class Furthest:
    """How far reading got, and what would have let it go on."""

    def __init__(self) -> None:
        self.at = -1
        self.words: set[str] = set()
        self.operands: set[str] = set()

    def note(self, at: int, node: Node) -> None:
        """Reading came to the token ``at``; what is open at ``node`` could follow."""
        if at > self.at:
            self.at, self.words, self.operands = at, set(), set()
        if at == self.at:
            self.words |= node.words.keys()
            self.operands |= {KINDS[one.kind].what for one in node.operands}
            if node.form is not None:
                self.operands.add("the end of the line")

    def note_other(self, at: int, what: str) -> None:
        """The token ``at`` is of the right kind, and yet another one is due."""
        if at == self.at:
            self.operands = {what}

    def expected(self, found: str) -> str:
        """What could have stood there; if some of it looks like what was found, only that."""
        near = get_close_matches(found, self.words, n=2)
        words = near or sorted(self.words)
        if len(words) > _MOST_WORDS:
            words = [*words[:_MOST_WORDS], "..."]
        operands = [] if near else sorted(self.operands)
        return ", ".join([*operands, *(repr(w) if w != "..." else w for w in words)])


@cache
def grammar() -> Node:
    """The tree of all patterns."""
    root = Node()
    for form in FORMS:
        for pattern in (form.c, form.w, form.mnemonic, *form.also):
            if pattern:
                _plant(root, pattern, form)
    return root


def _plant(node: Node, pattern: str, form: Form) -> None:
    for step in _steps(pattern):
        if isinstance(step, Placeholder):
            node = node.operands.setdefault(step, Node())
        else:
            node = node.words.setdefault(step, Node())
    node.form = node.form or form


def _steps(pattern: str) -> Iterator[str | Placeholder]:
    for part in parts(pattern):
        if isinstance(part, Placeholder):
            yield part
        else:
            tokens = tokenize(Line("the table of forms", 0, part))
            yield from (token.text for token in tokens[:-1])


def match(text: Input, furthest: Furthest) -> Statement | None:
    """The statement that all tokens together make, or None."""
    return _match(grammar(), text, 0, {}, furthest)


def _match(
    node: Node, text: Input, at: int, operands: dict[str, Operand], furthest: Furthest
) -> Statement | None:
    """Go on from ``node``: words first, then operands, until the end is reached."""
    token = text.tokens[at]
    if token.kind == "end" and node.form is not None:
        return Statement(node.form, operands)
    furthest.note(at, node)
    if token.text in node.words and token.kind != "end":
        found = _match(node.words[token.text], text, at + 1, operands, furthest)
        if found is not None:
            return found
    for place, child in node.operands.items():
        read = KINDS[place.kind].read(text, at)
        if read is None:
            continue
        if not _agrees(operands, place.field, read[0]):
            furthest.note_other(at, "the register that is named before")
            continue
        operand = Operand(read[0], place.kind, token.column)
        found = _match(child, text, read[1], {**operands, place.field: operand}, furthest)
        if found is not None:
            return found
    return None


def _agrees(operands: dict[str, Operand], field: str, value: Value) -> bool:
    """A field that a pattern shows twice (``r1 = -r1``) has one value."""
    return field not in operands or operands[field].value == value
