"""RB-V041: a loop never ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, _: re.Match[str]) -> Finding:
    text = failure.text_at(failure.slot) or ""
    evidence = (
        [Evidence(f"the loop condition is: {text}", failure.slot)] if text.startswith("if") else []
    )
    return Finding(
        "the loop never ends, because it does not change anything that its condition depends on",
        tuple(evidence),
        change="count iterations in a register, and compare it with a constant",
    )


RULE = Rule(
    code="RB-V041",
    title="Infinite loop",
    patterns=(r"infinite loop detected at insn (?P<slot>\d{1,9})",),
    meaning=(
        "The verifier reached an instruction twice in the same state: all registers and "
        "stack contents that matter were unchanged. The program would therefore repeat the "
        "loop forever."
    ),
    reason=(
        "Nothing can interrupt a running BPF program. An endless program would block a CPU forever."
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
