"""RB-V025: a program reads or overwrites only part of a pointer on the stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Example, Finding, Rule
from rawbpf.verifier.words import history

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    if match.groupdict().get("off"):
        return _somewhere(failure, int(match["off"]))
    memory = failure.effect.memory
    evidence = []
    if memory is not None and memory.base == 10:
        slot = failure.stack(memory.off)
        if slot is not None and slot.value is not None:
            evidence.append(Evidence(f"fp{memory.off // 8 * 8} holds {slot.text}"))
    store = "fill" not in match[0] and "corrupted" not in match[0]
    return Finding(
        f"only part of a pointer on the stack is {'overwritten' if store else 'loaded'}",
        tuple(evidence),
        change=f"{'overwrite' if store else 'load'} all eight bytes of the pointer",
    )


def _somewhere(failure: Failure, off: int) -> Finding:
    """Explain a store at a variable offset, which counts as a store to each possible offset."""
    memory = failure.effect.memory
    return Finding(
        "the store may write to several places on the stack, and one of these places, "
        f"r10{off:+d}, holds a pointer or was never written",
        history(failure, memory.base) if memory is not None else (),
        change="first write scalar values to all of these locations, or load the program "
        "with CAP_PERFMON",
    )


RULE = Rule(
    code="RB-V025",
    title="Partial access to a spilled pointer",
    patterns=(
        r"invalid size of register (?:fill|spill)",
        r"corrupted spill memory",
        r"attempt to corrupt spilled pointer on stack",
        (
            r"spilled ptr in range of var-offset stack write; insn \d{1,9}, "
            r"ptr off: (?P<off>-?\d{1,9})"
        ),
    ),
    meaning=(
        "A pointer that is stored on the stack (spilled) takes eight bytes, which the "
        "verifier tracks as one value. Loading all eight bytes restores the pointer. The "
        "verifier rejects a load or store of only some of these bytes."
    ),
    reason=(
        "Part of a pointer would reveal where kernel memory is located, and a partly "
        "overwritten pointer could point anywhere."
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
