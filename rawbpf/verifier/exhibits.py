"""Read the gallery of rejected programs, each of which has an explanation and a repaired version.

    bpf_src/rejected/05-null_not_checked.bpf.s         │ the program
    bpf_src/rejected/05-null_not_checked.fixed.bpf.s   │ the smallest change that makes it valid

A program in the gallery starts with a comment. The first line of the comment states the error. The
following paragraphs explain why the verifier rejects the program and which part to look at. The
last lines of the comment specify the expected result for rawbpf:

    rawbpf: rule RB-V003               │ the rule that explains the rejection
    rawbpf: rule RB-V040 until 5.13    │ the rule on kernels before that version
    rawbpf: kernel 5.17                │ older kernels reject it for another reason
    rawbpf: without CAP_PERFMON        │ it is rejected only without this capability
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
"""The gallery's folders in an installed package and in the source tree."""

_NAME = re.compile(r"(\d\d)-(\w+)\.bpf\.[cs]$")
_RULE = re.compile(r"rule (RB-V\d{3})(?: until (\d+)\.(\d+))?$")
_KERNEL = re.compile(r"kernel (\d+)\.(\d+)$")
_WITHOUT = re.compile(r"without (CAP_\w+)$")

Version = tuple[int, int]


class Exhibit(NamedTuple):
    """A program from the gallery.

    ``code`` is the text of the program after the comment.

    ``rules`` are ordered pairs of a kernel version and the rule that explains the rejection before
    that version; the version None means all later kernels. ``since`` is the first kernel version
    for which ``rules`` are valid. ``without`` are capabilities to drop before loading.
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
        """The file that contains the repaired program."""
        stem, dot, suffix = self.path.name.partition(".")
        return self.path.with_name(f"{stem}.fixed{dot}{suffix}")

    def fixed(self) -> tuple[str, str]:
        """Return a sentence that describes the repair, and the text of the repaired program."""
        said, code = _split(self.fixed_path.read_text(encoding="utf-8"))
        return " ".join(said), code

    def rule_on(self, kernel: Version) -> str | None:
        """Return the code of the rule that explains why this kernel rejects the program, if any."""
        if kernel < self.since:
            return None
        return next(rule for until, rule in self.rules if until is None or kernel < until)


@cache
def exhibits(folder: Path | None = None) -> tuple[Exhibit, ...]:
    """Return all programs in the gallery, or in the given folder, sorted by number."""
    folder = folder or next((one for one in _FOLDERS if one.is_dir()), None)
    if folder is None or not folder.is_dir():
        raise UsageError(
            f"cannot find the gallery: the folder {folder or _FOLDERS[0]} does not exist"
        )
    found = tuple(_read(path) for path in sorted(folder.iterdir()) if _NAME.match(path.name))
    if not found:
        raise UsageError(
            f"no gallery programs in {folder}",
            fix="name the files NN-name.bpf.s or NN-name.bpf.c",
        )
    return found


def exhibits_of(code: str) -> list[Exhibit]:
    """Return the programs for which the given rule explains the rejection on some kernel.

    >>> [one.name for one in exhibits_of("RB-V003")]
    ['null_not_checked']
    """
    return [one for one in exhibits() if code in (rule for _, rule in one.rules)]


def find_exhibit(word: str, folder: Path | None = None) -> Exhibit:
    """Return the program with the given number or name.

    Raises UsageError, with suggestions of similar names, if the name is unknown.

    >>> find_exhibit("5").name, find_exhibit("null_not_checked").number
    ('null_not_checked', 5)
    """
    for one in exhibits(folder):
        if word in (one.name, f"{one.number}", f"{one.number:02}"):
            return one
    from difflib import get_close_matches

    near = get_close_matches(word, [one.name for one in exhibits(folder)], n=2)
    raise UsageError(
        f"no program {word!r} in the gallery",
        fix=f"did you mean {' or '.join(near)}?"
        if near
        else "list all programs with `rawbpf gallery --list`",
    )


def _read(path: Path) -> Exhibit:
    found = _NAME.match(path.name)
    assert found, "``exhibits`` has checked the name"
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
    """Split a program into the lines of its initial comment and the text that follows."""
    comment, _, code = text.partition("\n\n" if text.startswith(";") else "*/\n")
    lines = [re.sub(r"^(; ?|/\* ?| \* ?)", "", line).rstrip() for line in comment.splitlines()]
    return "\n".join(lines).strip().split("\n"), code.lstrip("\n")
