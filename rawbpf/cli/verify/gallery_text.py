"""What the gallery prints: headings, programs, repairs, as lines."""

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
"""Titles that are offered beside the right one."""


def table(all_of_them: Iterable[Exhibit]) -> Iterator[str]:
    """A line for each."""
    for one in all_of_them:
        since = "" if one.since == (0, 0) else f" (Linux {'.'.join(map(str, one.since))})"
        yield f"{one.number:3}  {one.name:28} {one.title}{since}"


def heading(one: Exhibit) -> Iterator[str]:
    """What is shown, and under what conditions."""
    yield f"{one.number}. {one.name}"
    if one.without:
        yield f"loaded without {' and '.join(one.without)}"
    yield ""


def numbered(path: Path) -> Iterator[str]:
    """The program with its line numbers in the file, without the comment that gives it away."""
    lines = path.read_text(encoding="utf-8").splitlines()
    end = next(index for index, line in enumerate(lines) if _ends(line, path.suffix))
    begin = next(index for index in range(end + 1, len(lines)) if lines[index])
    for number, line in enumerate(lines[begin:], begin + 1):
        yield f"{number:4}  {line.expandtabs(8)}".rstrip()


def _ends(line: str, suffix: str) -> bool:
    """Whether the first comment ends here."""
    return not line if suffix == ".s" else line.strip() == "*/"


def lesson(one: Exhibit) -> Iterator[str]:
    """What was wrong, and why the kernel minds."""
    yield one.title
    yield from one.lesson.splitlines()


def diff(one: Exhibit) -> Iterator[str]:
    """The repair, as a diff of the programs."""
    _, fixed = one.fixed()
    lines = difflib.unified_diff(
        one.code.expandtabs(8).splitlines(), fixed.expandtabs(8).splitlines(), n=1, lineterm=""
    )
    for line in lines:
        if not line.startswith(("---", "+++", "@@")):
            yield f"  {line}".rstrip()


def choices(right: str, titles: Sequence[str]) -> list[str]:
    """The right title among others, in an order that depends on nothing but them.

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
    """How to see what would have happened: the machine runs what no kernel would."""
    if one.path.suffix == ".s":
        yield "What would have happened, in a machine of Python, instruction by instruction:"
        yield f"  rawbpf step {_near(one.path)}"


def _near(path: Path) -> str:
    """The path from here, if it is not far away."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
