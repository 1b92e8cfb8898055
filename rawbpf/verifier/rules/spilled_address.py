"""RB-V025: an address in the stack is read or overwritten in part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, _match: re.Match[str]) -> Finding:
    memory = failure.effect.memory
    evidence = []
    if memory is not None and memory.base == 10:
        slot = failure.stack(memory.off)
        if slot is not None and slot.value is not None:
            evidence.append(Evidence(f"fp{memory.off // 8 * 8} holds {slot.text}"))
    return Finding(
        "only a part of an address that was stored in the stack is accessed",
        tuple(evidence),
        change="load all eight bytes of it, or overwrite all eight",
    )


RULE = Rule(
    code="RB-V025",
    title="A part of a stored address",
    patterns=(
        r"invalid size of register (?:fill|spill)",
        r"corrupted spill memory",
        r"attempt to corrupt spilled pointer on stack",
    ),
    meaning=(
        "Eight bytes of the stack that hold an address are one thing to the verifier: it gives the "
        "address back when all eight are loaded. A part of it is not a number either."
    ),
    reason=(
        "A part of an address tells where the kernel is in memory, and an address that was partly "
        "overwritten points anywhere."
    ),
    examples=(
        Example(
            '.program part, "socket"\n        *(u64 *)(r10 - 8) = r1\n'
            "        r0 = *(u32 *)(r10 - 8)\n        exit\n",
            '.program part, "socket"\n        *(u64 *)(r10 - 8) = r1\n'
            "        r1 = *(u64 *)(r10 - 8)\n        r0 = *(u32 *)(r1 + 0)\n        exit\n",
        ),
    ),
    explain=_explain,
)
