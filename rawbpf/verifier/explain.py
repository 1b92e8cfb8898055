r"""From a log to an explanation.

>>> found = explain("0: R1=ctx() R10=fp0\n0: (95) exit\nR0 !read_ok\n")
>>> found.code, found.finding.sentence
('RB-V001', 'r0, the return value, was not initialized on this path')
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from rawbpf.errors import BytecodeError
from rawbpf.verifier.failure import Failure
from rawbpf.verifier.log import Log
from rawbpf.verifier.registry import matches
from rawbpf.verifier.report import places
from rawbpf.verifier.rule import Evidence, Finding

if TYPE_CHECKING:
    import re

    from rawbpf.asm.program import Program
    from rawbpf.specs.program_spec import ProgramSpec
    from rawbpf.verifier.patch import Patch
    from rawbpf.verifier.rule import Named, Rule

__all__ = ["Explanation", "Trial", "explain"]


_LINES = 8


class Trial(NamedTuple):
    """What the kernel said to the patched program: "" if it accepts it."""

    refusal: str

    @property
    def accepted(self) -> bool:
        """Whether the patch is a repair."""
        return not self.refusal


class Repair(Protocol):
    """A change of the program, or of the call: what it does, and what is shown of it."""

    @property
    def what(self) -> str:
        """It as an order."""

    def lines(self, program: Program | None) -> list[str]:
        """What is taken away, and what comes in its place."""


class Explanation(NamedTuple):
    """``rule`` is None when no rule knows the complaint; ``slot`` when no instruction was named.

    Where it was no verifier that refused: ``asked`` is the call, ``said`` what the kernel answered.
    """

    failure: Failure
    finding: Finding
    slot: int | None
    rule: Named | None = None
    patch: Repair | None = None
    trial: Trial | None = None
    asked: tuple[str, ...] = ()
    said: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """The rule's, or ""."""
        return self.rule.code if self.rule else ""

    @property
    def sentence(self) -> str:
        """The error in one sentence."""
        return self.finding.sentence

    @property
    def cause(self) -> str:
        """The same in the kernel's words."""
        return "; ".join(self.said) or self.failure.log.cause

    @property
    def kernel(self) -> tuple[str, ...]:
        """The kernel's words, a line each."""
        return self.said or self.failure.log.complaint


def explain(text: str, spec: ProgramSpec | None = None) -> Explanation:
    """Explain the log of a refusal. Never raises, whatever the text is.

    ``spec``: the program that was refused; without it there are no lines of source and no patch.
    """
    failure = Failure(Log(text), spec)
    for rule, match in matches(failure.complaint):
        found = _ask(rule, match, failure)
        if found is not None:
            return found
    return Explanation(failure, _unknown(failure), failure.slot)


def _ask(rule: Rule, match: re.Match[str], failure: Failure) -> Explanation | None:
    finding = rule.explain(failure, match)
    if finding is None:
        return None
    named = match.groupdict().get("slot")
    slot = int(named) if named and named.isdigit() else failure.slot
    return Explanation(failure, finding, slot, rule, _patch(rule, match, failure))


def _patch(rule: Rule, match: re.Match[str], failure: Failure) -> Patch | None:
    """The rule's change. A damaged log may name what no instruction can have."""
    if rule.repair is None or failure.code is None:
        return None
    if failure.slot is not None and failure.slot >= failure.code.slots:
        return None  # the log is not of this program
    try:
        patch = rule.repair(failure, match)
        for edit in patch.edits if patch else ():
            for instruction in edit.instructions:
                instruction.check()
    except BytecodeError:
        return None
    return patch


def _unknown(failure: Failure) -> Finding:
    """No rule: where it was, and what was known there."""
    if not failure.complaint and failure.log.statistics:
        return Finding("the verifier found nothing wrong; what the kernel did next failed")
    evidence = []
    if failure.step is not None:
        one = failure.effect
        registers = [one.src, one.dst, one.memory.base if one.memory else None]
        for register in dict.fromkeys(number for number in registers if number is not None):
            value = failure.value(register)
            if value is not None:
                evidence.append(Evidence(f"r{register} is {value.text}"))
    sections = failure.log.sections  # a kernel that writes them may say more than we could
    causal = places(sections.get("Causal path", ()))[-_LINES:]
    evidence += [Evidence(f"{one.label}: {one.text}", one.slot) for one in reversed(causal)]
    return Finding(
        f"{failure.log.cause} (no rule of rawbpf's knows this message)",
        tuple(evidence),
        change=" ".join(line.strip() for line in sections.get("Suggestion", ())),
    )
