"""Fit a help text to the width of a terminal.

Help texts are written for 100 columns. On a narrower terminal, paragraphs and descriptions of
options are filled again, and other long lines, such as usage patterns, continue below with an
indentation. In a file or pipe, the text is unchanged.

>>> print(fitted('''Options:
...   --json         Print one JSON object
...                  per object.''', 30))
Options:
  --json         Print one
                 JSON object
                 per object.
"""

from __future__ import annotations

import re
from textwrap import wrap

from rawbpf.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["fitted"]

_ROW = re.compile(r"( +\S+(?: \S+)* {2,})(?=\S)")
_NARROWEST = 30


def fitted(text: str, width: int) -> str:
    """Return a help text whose lines have at most ``width`` columns, unless a word is longer."""
    if max(map(len, text.splitlines()), default=0) <= width or width < _NARROWEST:
        return text
    lines = []
    for head, body in _blocks(text):
        lines += wrap(
            body,
            width,
            initial_indent=head,
            subsequent_indent=" " * _hanging(head, body),
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return "\n".join(lines)


def _hanging(head: str, body: str) -> int:
    """Return the indentation of further lines: below the description, or deeper for a pattern."""
    is_row = bool(head.strip())
    return len(head) + (0 if is_row or not head or body.endswith((".", ":")) else 4)


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield each paragraph, row of a table, or single line as its start and its text."""
    head, body = "", ""
    for line in text.splitlines():
        row = _ROW.match(line)
        indent = len(line) - len(line.lstrip())
        if body and line.strip() and not row and indent == len(head) and _continues(head):
            body += " " + line.strip()
            continue
        if body:
            yield head, body
        if not line.strip():
            yield "", ""
            body = ""
            continue
        head = row[1] if row else " " * indent
        body = line[len(head) :]
    if body:
        yield head, body


def _continues(head: str) -> bool:
    """Return whether lines with the same indentation belong together; indented lines do not."""
    return not head or bool(head.strip())
