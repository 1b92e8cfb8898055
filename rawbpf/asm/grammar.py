"""The grammar, a single tree of tokens that contains the patterns of all forms.

Each pattern is a path in the tree. Patterns that start with the same tokens share the start of
their path:

    r ─ = ─┬─ number ─┬─ (end)                      r1 = 5
           │          └─ ll                         r1 = 5 ll
           ├─ r                                     r1 = r2
           └─ * ─ ( ─┬─ u32 ─ * ─ ) ─ ( ...         r1 = *(u32 *)(r2 + 4)
                     └─ s32 ─ ...

One tree serves both dialects, because no text has different meanings in them. If parsing stops at a
node, the node's branches are the tokens that were expected.
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
"""The maximum number of expected words that an error message lists."""


class Node:
    """A node of the tree: the tokens and operands that may follow, and the form that ends here."""

    __slots__ = ("form", "operands", "words")

    def __init__(self) -> None:
        self.words: dict[str, Node] = {}
        self.operands: dict[Placeholder, Node] = {}
        self.form: Form | None = None


class Operand(NamedTuple):
    """An operand found in a text: its value, its kind, and its column in the line."""

    value: Value
    kind: str
    column: int


class Statement(NamedTuple):
    """A form, and the operand for each of its fields."""

    form: Form
    operands: dict[str, Operand]


class Furthest:
    """The furthest token that parsing reached, and the tokens that would have been valid there."""

    def __init__(self) -> None:
        self.at = -1
        self.words: set[str] = set()
        self.operands: set[str] = set()

    def note(self, at: int, node: Node) -> None:
        """Record that parsing reached token ``at``, and which tokens could follow at ``node``."""
        if at > self.at:
            self.at, self.words, self.operands = at, set(), set()
        if at == self.at:
            self.words |= node.words.keys()
            self.operands |= {KINDS[one.kind].what for one in node.operands}
            if node.form is not None:
                self.operands.add("the end of the line")

    def note_other(self, at: int, what: str) -> None:
        """Record that token ``at`` has the right kind but an invalid value."""
        if at == self.at:
            self.operands = {what}

    def expected(self, found: str) -> str:
        """Return the expected words, limited to words similar to ``found`` if any are similar."""
        near = get_close_matches(found, self.words, n=2)
        words = near or sorted(self.words)
        if len(words) > _MOST_WORDS:
            words = [*words[:_MOST_WORDS], "..."]
        operands = [] if near else sorted(self.operands)
        return ", ".join([*operands, *(repr(w) if w != "..." else w for w in words)])


@cache
def grammar() -> Node:
    """Build the tree of all patterns."""
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
    """Parse all tokens as one statement, or return None if they do not form a statement."""
    return _match(grammar(), text, 0, {}, furthest)


def _match(
    node: Node, text: Input, at: int, operands: dict[str, Operand], furthest: Furthest
) -> Statement | None:
    """Match the remaining tokens from ``node``, with backtracking.

    Words are tried before operands.
    """
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
            furthest.note_other(at, "the same register as before")
            continue
        operand = Operand(read[0], place.kind, token.column)
        found = _match(child, text, read[1], {**operands, place.field: operand}, furthest)
        if found is not None:
            return found
    return None


def _agrees(operands: dict[str, Operand], field: str, value: Value) -> bool:
    """Return False if a field that occurs twice, as in ``r1 = -r1``, has two different values."""
    return field not in operands or operands[field].value == value
