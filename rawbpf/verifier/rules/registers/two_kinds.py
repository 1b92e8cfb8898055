"""RB-V026: one instruction, reached with two kinds of addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Example, Finding, Rule
from rawbpf.verifier.words import history, is_a

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, _match: re.Match[str]) -> Finding:
    memory = failure.effect.memory
    if memory is None:
        return Finding("this instruction is reached with two kinds of addresses")
    value = failure.value(memory.base)
    known = (Evidence(is_a(memory.base, value) + " on this path"),) if value is not None else ()
    return Finding(
        f"on one path r{memory.base} is the context, on another it is something else",
        (*known, *history(failure, memory.base)),
        change="write the load twice, one for each path",
    )


RULE = Rule(
    code="RB-V026",
    title="One instruction for two kinds of memory",
    patterns=(r"same insn cannot be used with different pointers",),
    meaning=(
        "Accesses to the context are rewritten, others are not, so one instruction cannot be both. "
        "Compilers make such code when both sides of an `if` end in the same load."
    ),
    reason="There is one instruction in the program that runs, and it can be rewritten only once.",
    examples=(
        Example(
            '.program both, "socket"\n        r2 = *(u32 *)(r1 + 0)\n'
            "        *(u64 *)(r10 - 8) = 0\n"
            "        r3 = r10\n        r3 += -8\n        if r2 == 0 goto load\n        r3 = r1\n"
            "load:   r0 = *(u32 *)(r3 + 0)\n        exit\n",
            '.program both, "socket"\n        r2 = *(u32 *)(r1 + 0)\n'
            "        *(u64 *)(r10 - 8) = 0\n"
            "        r3 = r10\n        r3 += -8\n        if r2 == 0 goto load\n"
            "        r0 = *(u32 *)(r1 + 0)\n        exit\n"
            "load:   r0 = *(u32 *)(r3 + 0)\n        exit\n",
        ),
    ),
    explain=_explain,
)
