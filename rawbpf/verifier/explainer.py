r"""Find the rule that matches a verifier log, and explain the rejection.

>>> found = explain("0: R1=ctx() R10=fp0\n0: (95) exit\nR0 !read_ok\n")
>>> found.code, found.sentence
('RB-V001', 'r0, the return value, was not initialized on this path')
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.asm.forms import form_of
from rawbpf.errors import BytecodeError
from rawbpf.explanation import Explanation, RuleText, SourceLine
from rawbpf.verifier.failure import Failure
from rawbpf.verifier.log import Log
from rawbpf.verifier.registry import matches
from rawbpf.verifier.report import places
from rawbpf.verifier.rule import Evidence, Finding

if TYPE_CHECKING:
    import re

    from rawbpf.explanation import Trial
    from rawbpf.specs.program_spec import ProgramSpec
    from rawbpf.verifier.patch import Patch
    from rawbpf.verifier.rule import Rule

__all__ = ["Diagnosis", "diagnose", "explain"]


_LINES = 8


class Diagnosis(NamedTuple):
    """The result of reading a log, with the patch as an object that can be applied.

    ``rule`` is None if no rule matches the message, and ``slot`` is None if the log does not name
    an instruction.
    """

    failure: Failure
    finding: Finding
    slot: int | None
    rule: Rule | None = None
    patch: Patch | None = None

    def explanation(self, trial: Trial | None = None) -> Explanation:
        """Return the diagnosis as plain data.

        ``trial`` is the kernel's response to the patched program.
        """
        log, finding, rule, patch = self.failure.log, self.finding, self.rule, self.patch
        return Explanation(
            finding.sentence,
            cause=log.cause,
            kernel=log.message,
            rule=RuleText(rule.code, rule.title, rule.meaning, rule.reason) if rule else None,
            slot=self.slot,
            insn=self.failure.text_at(self.slot) or "",
            source=self._line(),
            evidence=tuple(map(self._located, finding.evidence)),
            counterexample=finding.counter,
            change=finding.change or (patch.what if patch else ""),
            patch=tuple(patch.lines(self.failure.code)) if patch else (),
            trial=trial,
        )

    def _line(self) -> SourceLine | None:
        source = self.failure.source_at(self.slot)
        if source is not None:
            return SourceLine(source.read(), source.file, source.line)
        quoted = self.failure.source_line
        return SourceLine(quoted) if quoted else None

    def _located(self, one: Evidence) -> Evidence:
        source = self.failure.source_at(one.slot)
        return one if source is None else one._replace(line=source.line)


def explain(text: str, spec: ProgramSpec | None = None) -> Explanation:
    """Return the explanation of a verifier log.

    The function never raises an error, regardless of the text.

    ``spec`` describes the rejected program. Without ``spec``, the explanation contains no source
    lines and no patch.
    """
    return diagnose(text, spec).explanation()


def diagnose(text: str, spec: ProgramSpec | None = None) -> Diagnosis:
    """Return the diagnosis of the first rule that matches a log.

    The function never raises an error, regardless of the text.
    """
    failure = Failure(Log(text), spec)
    for rule, match in matches(failure.message):
        found = _ask(rule, match, failure)
        if found is not None:
            return found
    return Diagnosis(failure, _unknown(failure), failure.slot)


def _ask(rule: Rule, match: re.Match[str], failure: Failure) -> Diagnosis | None:
    finding = rule.explain(failure, match)
    if finding is None:
        return None
    named = match.groupdict().get("slot")
    slot = int(named) if named and named.isdigit() else failure.slot
    return Diagnosis(failure, finding, slot, rule, _patch(rule, match, failure))


def _patch(rule: Rule, match: re.Match[str], failure: Failure) -> Patch | None:
    """Return the change that the rule proposes, if the instructions of the change can be encoded.

    A damaged log may contain registers and slots that cannot exist.
    """
    if rule.repair is None or failure.code is None:
        return None
    if failure.slot is not None and failure.slot >= failure.code.slots:
        return None  # the log belongs to another program
    try:
        patch = rule.repair(failure, match)
        for edit in patch.edits if patch else ():
            for instruction in edit.instructions:
                form_of(instruction)
    except BytecodeError:
        return None
    return patch


def _unknown(failure: Failure) -> Finding:
    """Describe a message that matches no rule, with the register values at the instruction."""
    if not failure.message and failure.log.statistics:
        return Finding("the verifier found no error, but a later step in the kernel failed")
    evidence = []
    if failure.step is not None:
        one = failure.effect
        registers = [one.src, one.dst, one.memory.base if one.memory else None]
        for register in dict.fromkeys(number for number in registers if number is not None):
            value = failure.value(register)
            if value is not None:
                evidence.append(Evidence(f"r{register} is {value.text}"))
    sections = (
        failure.log.sections
    )  # reports from kernels newer than 7.2 may contain more than the log
    causal = places(sections.get("Causal path", ()))[-_LINES:]
    evidence += [Evidence(f"{one.label}: {one.text}", one.slot) for one in reversed(causal)]
    return Finding(
        f"{failure.log.cause} (rawbpf has no rule for this message)",
        tuple(evidence),
        change=" ".join(line.strip() for line in sections.get("Suggestion", ())),
    )
