"""Explanations of rejected programs and calls, as plain data for any kind of display.

The code that determines the reason builds the `Explanation`. Code for a terminal, JSON or a web
page only reads the fields: each field is text, a number, or a tuple of texts and numbers, and
patches consist of lines of text. Errors can therefore carry an explanation without importing the
code that finds the reason.

>>> rule = RuleText("RB-V003", "Possibly NULL pointer dereferenced", meaning="...", reason="...")
>>> Explanation("r0 may be NULL", rule=rule).headline
'r0 may be NULL [RB-V003]'
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Evidence", "Explanation", "RuleText", "SourceLine", "Trial"]


class RuleText(NamedTuple):
    """The kernel's rule that was violated, in words.

    ``meaning`` states the rule, and ``reason`` says why the kernel has the rule. `rawbpf explain
    CODE` shows the rule with examples.
    """

    code: str
    title: str
    meaning: str
    reason: str


class SourceLine(NamedTuple):
    """A line of the program's source.

    If only the verifier's log quotes the text, ``file`` is "" and ``line`` is 0.
    """

    text: str
    file: str = ""
    line: int = 0


class Evidence(NamedTuple):
    """A fact that the kernel knew, and the instruction that established it.

    ``slot`` is the slot of that instruction, or None if the fact was true from the start. ``line``
    is the instruction's source line, or None if the program has no line information.
    """

    text: str
    slot: int | None = None
    line: int | None = None


class Trial(NamedTuple):
    """The kernel's response to the program or call with the patch applied.

    ``reason`` says why the patched program was also rejected, or is "" if the reason is unknown.
    """

    accepted: bool
    reason: str = ""


class Explanation(NamedTuple):
    """The request, the facts that the kernel knew, the reason for the rejection, and a fix.

    ``sentence`` states the error in one sentence without a final period. ``cause`` is the kernel's
    own message on one line, and ``kernel`` contains all lines of the message. ``call`` shows the
    system call and its fields if the call failed before the verifier ran; otherwise it is "".

    ``slot`` is the rejected instruction, ``insn`` is its text, and ``source`` is its source line.
    ``counterexample`` is a value that violates the rule, and what would happen with that value.
    ``change`` describes the fix in words; ``patch`` shows the fix as lines that start with "- " and
    "+ ".
    """

    sentence: str
    cause: str = ""
    kernel: tuple[str, ...] = ()
    rule: RuleText | None = None
    call: str = ""
    slot: int | None = None
    insn: str = ""
    source: SourceLine | None = None
    evidence: tuple[Evidence, ...] = ()
    counterexample: str = ""
    change: str = ""
    patch: tuple[str, ...] = ()
    trial: Trial | None = None

    @property
    def code(self) -> str:
        """The code of the violated rule, or "" if no rule matched."""
        return self.rule.code if self.rule else ""

    @property
    def headline(self) -> str:
        """The sentence followed by the rule's code in brackets."""
        return f"{self.sentence} [{self.code}]" if self.code else self.sentence
