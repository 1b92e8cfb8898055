"""RB-V025: an address in the stack is read or overwritten in part."""

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
        f"only a part of an address that was stored in the stack is {'over' if store else ''}"
        f"{'written' if store else 'loaded'}",
        tuple(evidence),
        change="overwrite all eight bytes of it" if store else "load all eight bytes of it",
    )


def _somewhere(failure: Failure, off: int) -> Finding:
    """Until it is known which byte is written, each that it may be counts as written."""
    memory = failure.effect.memory
    return Finding(
        f"a store may go to several places in the stack, and r10{off:+d}, one of them, holds an "
        "address or was never written",
        history(failure, memory.base) if memory is not None else (),
        change="write numbers to all of them first, or load the program with CAP_PERFMON",
    )


RULE = Rule(
    code="RB-V025",
    title="A part of a stored address",
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
