"""RB-V026: one instruction is reached with different pointer types."""

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
        return Finding("this instruction is reached with different pointer types")
    value = failure.value(memory.base)
    known = (Evidence(is_a(memory.base, value) + " on this path"),) if value is not None else ()
    return Finding(
        f"r{memory.base} points to the context on one path, and to other memory on another",
        (*known, *history(failure, memory.base)),
        change="use a separate load on each path",
    )


RULE = Rule(
    code="RB-V026",
    title="Instruction used with different pointer types",
    patterns=(r"same insn cannot be used with different pointers",),
    meaning=(
        "The kernel rewrites accesses to the context but not other accesses, so one instruction "
        "cannot do both. Compilers produce such code when both branches of an `if` end in the same "
        "load."
    ),
    reason=(
        "The instruction exists only once in the running program, so it can be rewritten in "
        "only one way."
    ),
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
