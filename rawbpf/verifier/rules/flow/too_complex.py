"""RB-V042: more than a million instructions to verify."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.disassembler import jump_target
from rawbpf.verifier.rule import Evidence, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, _: re.Match[str]) -> Finding:
    return Finding(
        "following all paths of this program takes more instructions than the verifier spends",
        tuple(_loops(failure)),
        change="make loops shorter; hand long ones to bpf_loop (5.17), and large functions to a "
        "global function: the body of either is verified once, not in each turn and at each call",
    )


def _loops(failure: Failure) -> list[Evidence]:
    """The jumps backwards in the program: where the time may have gone."""
    found: list[Evidence] = []
    for slot, one in failure.instructions.items():
        jump = jump_target(one, slot)
        if jump is not None and jump[1] <= slot and len(found) < _MOST:
            found.append(Evidence(f"a loop back to {failure.place(jump[1])}", slot))
    return found


_MOST = 5


RULE = Rule(
    code="RB-V042",
    title="The program takes the verifier too long",
    patterns=(
        r"BPF program is too large. Processed (?P<count>\d{1,9}) insn",
        r"BPF program is too (?P<large>large|complex)",
        r"program is (?P<large>too large)",
    ),
    meaning=(
        "The verifier follows every path, and walks through every turn of a loop "
        "unless it finds itself in a state that it has seen. After a million "
        "instructions it gives up. That says nothing of how many the program has, or would take."
    ),
    reason=(
        "Without an end of that kind, somebody could keep the kernel busy by having a "
        "program verified."
    ),
    examples=(),
    explain=_explain,
)
