"""Read the parts of a Markdown file that tests need: fenced blocks, links and headings."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Block(NamedTuple):
    """A fenced block. ```` ```console run exit=1 ```` has a language and two options."""

    file: Path
    line: int
    language: str
    options: tuple[str, ...]
    text: str

    @property
    def name(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line}"


_FENCE = re.compile(r"^```(\S*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!\\)\[[^\]\n]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def pages() -> list[Path]:
    """Return every Markdown file of the project, except in hidden folders."""
    found = (path for path in ROOT.rglob("*.md"))
    inside = (p for p in found if not any(x[0] == "." for x in p.relative_to(ROOT).parts))
    return sorted(inside)


def blocks(file: Path) -> list[Block]:
    text = file.read_text()
    return [
        Block(file, text.count("\n", 0, m.start()) + 1, m[1], tuple(m[2].split()), m[3])
        for m in _FENCE.finditer(text)
    ]


def prose(file: Path) -> str:
    """Return the page without its fenced blocks."""
    return _FENCE.sub("", file.read_text())


def links(file: Path) -> list[str]:
    return _LINK.findall(prose(file))


def anchors(file: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub generates them."""
    titles = (title.lower() for title in _HEADING.findall(prose(file)))
    return {re.sub(r"[^\w\- ]", "", title).strip().replace(" ", "-") for title in titles}
