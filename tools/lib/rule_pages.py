"""Code shared by the generators of rule pages: the table of codes, and wrapped paragraphs."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Protocol

from markdown_table import table

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["codes", "paragraph"]

_WIDTH = 104


class Rule(Protocol):
    """A rule of any kind, with a code, and a title that states the error."""

    @property
    def code(self) -> str: ...

    @property
    def title(self) -> str: ...


def codes(rules: Iterable[Rule]) -> str:
    """Return a table with a row for each rule, linked to the rule's section."""
    rows = ((f"[{one.code}](#{one.code.lower()})", one.title) for one in rules)
    return "\n" + table("code | error", rows)


def paragraph(text: str) -> str:
    """Return the text wrapped into lines."""
    return "\n".join(wrap(text, _WIDTH, break_on_hyphens=False, break_long_words=False))
