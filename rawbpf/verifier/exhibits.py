"""The gallery's programs: each one that the verifier refuses, with its lesson and its repair.

    bpf_src/rejected/05-null_not_checked.bpf.s          the program
    bpf_src/rejected/05-null_not_checked.fixed.bpf.s    the smallest change that makes it good

A program begins with a comment. Its first line says what is wrong, paragraphs follow with why the
kernel minds and what to look at, and then come lines for us:

    rawbpf: rule RB-V003                the rule that explains the refusal
    rawbpf: rule RB-V040 until 5.13     of kernels before that one
    rawbpf: kernel 5.17                 older kernels refuse it for another reason
    rawbpf: without CAP_PERFMON         only those who lack the capability are refused
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from rawbpf.errors import UsageError

__all__ = ["Exhibit", "exhibits", "exhibits_of", "find_exhibit"]

_PACKAGE = Path(__file__).parents[1]
_FOLDERS = (_PACKAGE / "bpf_src" / "rejected", _PACKAGE.parent / "bpf_src" / "rejected")
"""Where they are in an installed package, and in the source tree."""

_NAME = re.compile(r"(\d\d)-(\w+)\.bpf\.[cs]$")
_RULE = re.compile(r"rule (RB-V\d{3})(?: until (\d+)\.(\d+))?$")
_KERNEL = re.compile(r"kernel (\d+)\.(\d+)$")
_WITHOUT = re.compile(r"without (CAP_\w+)$")

Version = tuple[int, int]


class Exhibit(NamedTuple):
    """One program. ``code`` and ``fixed_code`` are the texts behind the comments.

    ``rules``: until which kernel (None: no end) which rule explains the refusal, in that order.
    ``since``: the first kernel for which that is so. ``without``: capabilities to be given up.
    """

    number: int
    name: str
    path: Path
    title: str
    lesson: str
    code: str
    rules: tuple[tuple[Version | None, str], ...]
    since: Version
    without: tuple[str, ...]

    @property
    def fixed_path(self) -> Path:
        """Where the repair is."""
        stem, dot, suffix = self.path.name.partition(".")
        return self.path.with_name(f"{stem}.fixed{dot}{suffix}")

    def fixed(self) -> tuple[str, str]:
        """What the repair does, in a sentence, and its text."""
        said, code = _split(self.fixed_path.read_text(encoding="utf-8"))
        return " ".join(said), code

    def rule_on(self, kernel: Version) -> str | None:
        """The code of the rule that explains the refusal by this kernel."""
        if kernel < self.since:
            return None
        return next(rule for until, rule in self.rules if until is None or kernel < until)


@cache
def exhibits(folder: Path | None = None) -> tuple[Exhibit, ...]:
    """All of them, by number; of another folder than that which came with rawbpf, if given."""
    folder = folder or next((one for one in _FOLDERS if one.is_dir()), None)
    if folder is None or not folder.is_dir():
        raise UsageError(f"the gallery's programs are not in {folder or _FOLDERS[0]}")
    found = tuple(_read(path) for path in sorted(folder.iterdir()) if _NAME.match(path.name))
    if not found:
        raise UsageError(
            f"there are no programs for the gallery in {folder}",
            fix="their names are NN-name.bpf.s",
        )
    return found


def exhibits_of(code: str) -> list[Exhibit]:
    """Those that a rule explains, on some kernel at least.

    >>> [one.name for one in exhibits_of("RB-V003")]
    ['null_not_checked']
    """
    return [one for one in exhibits() if code in (rule for _, rule in one.rules)]


def find_exhibit(word: str, folder: Path | None = None) -> Exhibit:
    """The one with this number or name; UsageError names those that are near.

    >>> find_exhibit("5").name, find_exhibit("null_not_checked").number
    ('null_not_checked', 5)
    """
    for one in exhibits(folder):
        if word in (one.name, f"{one.number}", f"{one.number:02}"):
            return one
    from difflib import get_close_matches

    near = get_close_matches(word, [one.name for one in exhibits(folder)], n=2)
    raise UsageError(
        f"the gallery has no program {word!r}",
        fix=f"did you mean {' or '.join(near)}?" if near else "see `rawbpf gallery --list`",
    )


def _read(path: Path) -> Exhibit:
    found = _NAME.match(path.name)
    assert found, "``exhibits`` has looked"
    said, code = _split(path.read_text(encoding="utf-8"))
    ours = [line.removeprefix("rawbpf: ") for line in said if line.startswith("rawbpf: ")]
    lesson = "\n".join(line for line in said[1:] if not line.startswith("rawbpf: "))
    rules = [(_version(one[2], one[3]), one[1]) for one in map(_RULE.match, ours) if one]
    kernels = [one for one in map(_KERNEL.match, ours) if one]
    return Exhibit(
        number=int(found[1]),
        name=found[2],
        path=path,
        title=said[0],
        lesson=lesson.strip(),
        code=code,
        rules=tuple(sorted(rules, key=lambda rule: rule[0] or (99, 0))),
        since=_version(kernels[0][1], kernels[0][2]) or (0, 0) if kernels else (0, 0),
        without=tuple(one[1] for one in map(_WITHOUT.match, ours) if one),
    )


def _version(major: str | None, minor: str | None) -> Version | None:
    return None if major is None or minor is None else (int(major), int(minor))


def _split(text: str) -> tuple[list[str], str]:
    """The lines of the comment that a program begins with, and what stands behind it."""
    comment, _, code = text.partition("\n\n" if text.startswith(";") else "*/\n")
    lines = [re.sub(r"^(; ?|/\* ?| \* ?)", "", line).rstrip() for line in comment.splitlines()]
    return "\n".join(lines).strip().split("\n"), code.lstrip("\n")
