"""Why the kernel rejected a program or a call, as plain data that anything can show.

The code that finds the reason builds an `Explanation` once. A terminal, JSON or a web page only
reads it: every field is text, a number, or a tuple of these, and patches are rendered as lines. So
errors can carry an explanation without importing what found it.

>>> rule = RuleText("RB-V003", "Possibly NULL pointer dereferenced", meaning="...", reason="...")
>>> Explanation("r0 may be NULL", rule=rule).headline
'r0 may be NULL [RB-V003]'
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Evidence", "Explanation", "RuleText", "SourceLine", "Trial"]


class RuleText(NamedTuple):
    """The rule of the kernel that was broken, in words.

    ``meaning`` says what the rule is, ``reason`` why the kernel has it. `rawbpf explain CODE`
    shows the same with examples.
    """

    code: str
    title: str
    meaning: str
    reason: str


class SourceLine(NamedTuple):
    """A line of the program's source.

    ``file`` is "" and ``line`` is 0 if the text was only quoted by the verifier's log.
    """

    text: str
    file: str = ""
    line: int = 0


class Evidence(NamedTuple):
    """A fact that the kernel knew, and where it became known.

    ``slot`` is the instruction, None if the fact held from the start. ``line`` is the line of
    source of that instruction, None if the program has no line information.
    """

    text: str
    slot: int | None = None
    line: int | None = None


class Trial(NamedTuple):
    """The kernel's answer to the program or the call with the patch applied.

    ``reason`` says why it was rejected again, "" if that is not known.
    """

    accepted: bool
    reason: str = ""


class Explanation(NamedTuple):
    """What was asked, what the kernel knew, why it rejected that, and what to change.

    ``sentence`` is the error in one sentence without a full stop. ``cause`` is the kernel's own
    message on one line, ``kernel`` has its lines. ``call`` shows the system call and its
    fields if the call was rejected before the verifier ran, else "".

    ``slot`` is the instruction that was rejected, ``insn`` its text, ``source`` its line of source.
    ``counterexample`` is a value that breaks the rule, and what would happen with it. ``change``
    says in words what to do; ``patch`` shows it as lines that begin with "- " and "+ ".
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
        """The code of the rule, or "" if no rule matched."""
        return self.rule.code if self.rule else ""

    @property
    def headline(self) -> str:
        """The sentence, followed by the code of the rule in brackets."""
        return f"{self.sentence} [{self.code}]" if self.code else self.sentence
