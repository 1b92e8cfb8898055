"""Format the lines printed by the gallery: the list, headings, programs and fixes."""

from __future__ import annotations

import difflib
import os
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from rawbpf.verifier.exhibits import Exhibit

__all__ = ["choices", "diff", "heading", "lesson", "machine_hint", "numbered", "table"]

_WRONG = 3
"""Number of wrong titles to offer in addition to the right title."""


def table(all_of_them: Iterable[Exhibit]) -> Iterator[str]:
    """Yield one line for each program."""
    for one in all_of_them:
        since = "" if one.since == (0, 0) else f" (Linux {'.'.join(map(str, one.since))})"
        yield f"{one.number:3}  {one.name:28} {one.title}{since}"


def heading(one: Exhibit) -> Iterator[str]:
    """Yield a program's title and the conditions under which it is loaded."""
    yield f"{one.number}. {one.name}"
    if one.without:
        yield f"loaded without {' and '.join(one.without)}"
    yield ""


def numbered(path: Path) -> Iterator[str]:
    """Yield the program with line numbers, without the comment that contains the solution."""
    lines = path.read_text(encoding="utf-8").splitlines()
    end = next(index for index, line in enumerate(lines) if _ends(line, path.suffix))
    begin = next(index for index in range(end + 1, len(lines)) if lines[index])
    for number, line in enumerate(lines[begin:], begin + 1):
        yield f"{number:4}  {line.expandtabs(8)}".rstrip()


def _ends(line: str, suffix: str) -> bool:
    """Return whether the first comment ends at this line."""
    return not line if suffix == ".s" else line.strip() == "*/"


def lesson(one: Exhibit) -> Iterator[str]:
    """Yield the error, and the reason why the kernel rejects the program."""
    yield one.title
    yield from one.lesson.splitlines()


def diff(one: Exhibit) -> Iterator[str]:
    """Yield the fix as a diff between the two programs."""
    _, fixed = one.fixed()
    lines = difflib.unified_diff(
        one.code.expandtabs(8).splitlines(), fixed.expandtabs(8).splitlines(), n=1, lineterm=""
    )
    for line in lines:
        if not line.startswith(("---", "+++", "@@")):
            yield f"  {line}".rstrip()


def choices(right: str, titles: Sequence[str]) -> list[str]:
    """Return the right title among wrong ones, in an order that depends only on the titles.

    >>> choices("b", ["a", "b", "c"]) == choices("b", ["a", "b", "c"])
    True
    >>> sorted(choices("b", ["a", "b", "c"]))
    ['a', 'b', 'c']
    """
    random = Random(right)
    others = sorted(set(titles) - {right})
    offered = [right, *random.sample(others, min(_WRONG, len(others)))]
    random.shuffle(offered)
    return offered


def machine_hint(one: Exhibit) -> Iterator[str]:
    """Yield the command that runs the rejected program in the interpreter."""
    if one.path.suffix == ".s":
        yield "To see the effect of this error, step through the program in the eBPF interpreter:"
        yield f"  rawbpf step {_near(one.path)}"


def _near(path: Path) -> str:
    """Return the path relative to the current directory if that is shorter."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
