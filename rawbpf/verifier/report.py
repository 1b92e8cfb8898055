"""Parse the reports that kernels newer than 7.2 write after a message (commit ce7c9f6c599b).

    Unreleased reference id=2 alloc_insn=0
                                                     a blank line before each title
    Verification failed: Resource Lifetime Safety: Unreleased resource
    Reason:
      Owned resource (id=2) was acquired ...         indented by two, wrapped at 100 columns
    At:
      main @ prog.c:36:5                             or, without lines of source: insn 21
      Source context:
          35 | int x = 0;
      ==> 36 |     return x;
             |     ^-- error: owned resource (id=2) still needs release
      Instruction context:
          20 | (b4) w0 = 0
      ==> 21 | (95) exit
    Causal path:                                     places like At, each a branch, an update ...
    Active lock:                                     for locks; other titles may exist
    Suggestion:
      Release or transfer ownership ...
    BPF_EXIT instruction in main prog would lead to reference leak
    processed 24 insns (limit 1000000) ...

Each arrow consists of three ">" characters. An unindented line that is not a title belongs to the
message. A log may contain several reports, because a program may leak several references.

Source: kernel/bpf/diagnostics.c.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Place", "Report", "is_title", "places", "read_report"]

_TITLES = ("Verification failed", "Reason", "At", "Causal path", "Suggestion")
_TITLE = re.compile(rf"({'|'.join(_TITLES)}):(.*)")
_OTHER = re.compile(r"([A-Z][A-Za-z ]{1,40}):()\s*$")  # only after one of the titles above
_FIRST = _TITLES[0]

_HEADER = re.compile(r"  (?:insn (\d{1,9})\b.*|(?:\S+ @ )?[^|\s][^|]*:\d+:\d+\s*)$")
_MARKED = re.compile(r">>>\s*(\d{1,9}) \| \([0-9a-f]{2}\)")
_NOTE = re.compile(r"\s*\|\s(.*)")  # the column of numbers is empty on this line
_LABEL = re.compile(r"\^-- ([\w ]{1,40}): (.*)")
_MOST = 64  # the kernel has stopped writing the report


class Place(NamedTuple):
    """A location in the program; ``label`` is "error", "branch", "update", "acquired" and so on."""

    slot: int | None
    label: str
    text: str


class Report(NamedTuple):
    """The ``sections`` of the first report, by title, and the messages between reports."""

    sections: dict[str, tuple[str, ...]]
    others: tuple[str, ...]


def is_title(line: str) -> bool:
    """Return whether a line starts a report or a section of a report."""
    return line.startswith(_TITLES) and _TITLE.match(line) is not None


def read_report(lines: Sequence[str]) -> Report:
    """Parse the lines from the first title to the end of the log."""
    sections: dict[str, list[str]] = {}
    others: list[str] = []
    into: list[str] | None = None
    second = False
    for line in lines:
        found = _TITLE.match(line) or (_OTHER.match(line) if sections else None)
        if found is not None:
            second = second or found[1] in sections or (found[1] == _FIRST and bool(sections))
            into = [] if second else sections.setdefault(found[1], [])
            into.append(found[2].strip())
        elif line[:1].isspace():
            if into is not None:
                into.append(line.rstrip())
        elif line:
            into = None
            others.append(line)
    kept = {name: tuple(line for line in body if line) for name, body in sections.items()}
    return Report(kept, tuple(others))


def places(lines: Sequence[str]) -> list[Place]:
    """Return the locations in a section such as At or Causal path, in execution order."""
    found = []
    for block in _blocks(lines):
        named = _HEADER.match(block[0])
        slot = named[1] if named else None
        marked = next(filter(None, map(_MARKED.search, block)), None)
        slot = marked[1] if marked else slot
        notes = " ".join(one[1].strip() for one in map(_NOTE.match, block) if one)
        label = _LABEL.search(notes)
        if label:
            found.append(Place(int(slot) if slot else None, label[1], label[2].strip()))
    return found[:_MOST]


def _blocks(lines: Sequence[str]) -> Iterator[list[str]]:
    """Yield, for each location in the program, the group of lines that describes it."""
    block: list[str] = []
    for line in lines:
        if block and _HEADER.match(line):
            yield block
            block = []
        block.append(line)
    if block:
        yield block
