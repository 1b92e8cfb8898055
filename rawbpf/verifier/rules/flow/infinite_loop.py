"""RB-V041: a loop that the verifier sees going on for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, _: re.Match[str]) -> Finding:
    text = failure.text_at(failure.slot) or ""
    evidence = (
        [Evidence(f"the condition is: {text}", failure.slot)] if text.startswith("if") else []
    )
    return Finding(
        "this loop changes nothing that its end depends on, so it never ends",
        tuple(evidence),
        change="count in a register, and compare it with a bound",
    )


RULE = Rule(
    code="RB-V041",
    title="A loop never ends",
    patterns=(r"infinite loop detected at insn (?P<slot>\d{1,9})",),
    meaning=(
        "The verifier came back to an instruction in the same state in which it had "
        "been there before: all registers and all of the stack that matters are as "
        "they were. So the program would never get any further."
    ),
    reason=(
        "A program runs where nobody can interrupt it. One that does not end stops a CPU for ever."
    ),
    examples=(
        Example(
            '.program p, "tc"\n        r1 = 0\nl: if r1 == 0 goto l\n'
            "        r0 = 0\n        exit\n",
            '.program p, "tc"\n        r1 = 0\nl: r1 += 1\n'
            "        if r1 != 10 goto l\n        r0 = 0\n        exit\n",
        ),
    ),
    explain=_explain,
)
