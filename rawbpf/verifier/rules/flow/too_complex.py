"""RB-V042: the verifier would have to process more than a million instructions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.disassembler import jump_target
from rawbpf.verifier.rule import Evidence, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, _: re.Match[str]) -> Finding:
    return Finding(
        "the verifier gave up after 1 million instructions, before it had followed all paths",
        tuple(_loops(failure)),
        change=(
            "shorten loops, use bpf_loop (since 5.17) for long loops, and make large "
            "functions global: a bpf_loop callback and a global function are verified only "
            "once"
        ),
    )


def _loops(failure: Failure) -> list[Evidence]:
    """Return the backward jumps, which may be where the verifier spent its time."""
    found: list[Evidence] = []
    for slot, one in failure.instructions.items():
        jump = jump_target(one, slot)
        if jump is not None and jump[1] <= slot and len(found) < _MOST:
            found.append(Evidence(f"a loop jumps back to {failure.place(jump[1])}", slot))
    return found


_MOST = 5


RULE = Rule(
    code="RB-V042",
    title="Program too complex to verify",
    patterns=(
        r"BPF program is too large. Processed (?P<count>\d{1,9}) insn",
        r"BPF program is too (?P<large>large|complex)",
        r"program is (?P<large>too large)",
    ),
    meaning=(
        "The verifier follows every path and every iteration of a loop, unless it reaches a "
        "state that it has already verified. The verifier gives up after it has followed "
        "1 million instructions. The "
        "limit applies to the instructions that the verifier follows, not to the "
        "instructions in the program."
    ),
    reason="Without a limit, a user could keep the kernel busy by loading a program.",
    examples=(),
    explain=_explain,
)
