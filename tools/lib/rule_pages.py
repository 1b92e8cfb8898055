"""What the pages of rules have in common: a table of codes, and paragraphs of some width."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Protocol

from markdown_table import table

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["codes", "paragraph"]

_WIDTH = 104


class Rule(Protocol):
    """What has a code and says what is wrong."""

    @property
    def code(self) -> str: ...

    @property
    def title(self) -> str: ...


def codes(rules: Iterable[Rule]) -> str:
    """A row for each rule, which leads to its section."""
    rows = ((f"[{one.code}](#{one.code.lower()})", one.title) for one in rules)
    return "\n" + table("code | what is wrong", rows)


def paragraph(text: str) -> str:
    """The text in lines."""
    return "\n".join(wrap(text, _WIDTH, break_on_hyphens=False, break_long_words=False))
