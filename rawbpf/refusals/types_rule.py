r"""A rule for what the log of BPF_BTF_LOAD says, and the complaint that it is asked about.

The kernel writes every type that it has checked, one a line and one more for each member, and stops
at the first that it minds, with the complaint behind it (btf_verifier_log_type, kernel/bpf/btf.c):

    [1] INT int size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
    [2] STRUCT s size=4 vlen=2
    \ta type_id=1 bits_offset=0
    \tb type_id=1 bits_offset=32 Member exceeds struct_size
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Mapping

__all__ = ["Complaint", "TypesRule", "subject_that"]


class Complaint(NamedTuple):
    """``line``: the kernel's, complaint included. ``type_id``: None if it is about the whole.

    ``words``: what the type is, for a sentence: "struct s"; ``element``: its member, if it is one.
    ``target``: what the line refers to: "type 7, which is not there".
    """

    line: str
    type_id: int | None
    words: str
    element: str | None = None
    target: str = ""

    @property
    def subject(self) -> str:
        """The member if there is one, and the type."""
        if self.element is None:
            return self.words
        if not self.element:  # a section's entries have no names of their own
            return f"an entry of {self.words} ({self.target.partition(',')[0] or 'nothing'})"
        return f"member {self.element!r} of {self.words}"


class TypesRule(NamedTuple):
    """One family. ``patterns`` are searched in the line; ``explain`` gives the sentence."""

    code: str
    title: str
    patterns: tuple[str, ...]
    meaning: str
    reason: str
    example: str
    explain: Callable[[Complaint, re.Match[str]], str]
    change: str


def subject_that(
    does: Mapping[str, str], otherwise: str
) -> Callable[[Complaint, re.Match[str]], str]:
    """An ``explain``: the subject, and what is wrong with it. ``does``: by the kernel's words."""

    def explain(found: Complaint, match: re.Match[str]) -> str:
        what = next((text for words, text in does.items() if words in match[0]), otherwise)
        return f"{found.subject} {what}"

    return explain
