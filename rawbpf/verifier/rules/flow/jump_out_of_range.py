"""RB-V047: a jump or call has an invalid target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.disassembler import jump_target
from rawbpf.verifier.rule import Evidence, Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    if found.get("middle"):
        half = int(found["half"]) if found.get("half") else int(found["load"] or 0) + 1
        return Finding(
            f"jump target {half} is the second half of the 64-bit load at "
            f"{failure.place(half - 1)}",
            _jumps(failure, half),
            change="count the load as two slots, or jump to a label",
        )
    if found.get("call"):
        return Finding(
            "the call target is not the start of a function",
            change=(
                "call the first instruction of a function; in assembly, call the function "
                "by its name"
            ),
        )
    to = found.get("to")
    where = "out of its function" if to is None else f"to instruction {to}, outside its function"
    if to and failure.code is not None and int(to) >= failure.code.slots:
        where = f"to instruction {to}, but the last instruction is {failure.code.slots - 1}"
    return Finding(
        f"the jump goes {where}",
        change="jump to an instruction of the same function; in assembly, use a label",
    )


def _jumps(failure: Failure, to: int) -> tuple[Evidence, ...]:
    """Return the jumps that have the given target."""
    found = []
    for slot, one in failure.instructions.items():
        jump = jump_target(one, slot)
        if jump is not None and jump[1] == to:
            found.append(Evidence(f"the jump is: {failure.text_at(slot)}", slot))
    if not found and failure.step is not None and failure.text_at(failure.slot):
        found = [Evidence(f"the jump is: {failure.step.text}", failure.step.slot)]
    return tuple(found[:_MOST])


_MOST = 3

RULE = Rule(
    code="RB-V047",
    title="Invalid jump or call target",
    patterns=(
        r"jump out of range from insn (?P<slot>\d{1,9}) to (?P<to>-?\d{1,9})",
        # since 6.1; before 6.1, the verifier itself reached the second half
        r"(?P<middle>jump into the middle) of ldimm64 insn (?P<load>\d{1,9})",
        r"(?P<half>\d{1,9}): (?P<middle>BUG_ld_00)\ninvalid BPF_LD_IMM insn",
        r"(?P<call>call to invalid destination)",
        (
            r"(?:no|invalid) (?P<call>subprog(?:ram)?) (?:exists|starts) "
            r"at insn (?P<to>-?\d{1,9})"
        ),
        r"(?P<call>verifier bug. No program starts) at insn (?P<to>-?\d{1,9})",
    ),
    meaning=(
        "A jump offset is counted in 8-byte slots, starting at the next instruction. The "
        "target must be the start of an instruction in the same function. A 64-bit load "
        "takes two slots, and the second slot is not an instruction."
    ),
    reason=(
        "Memory after the program does not belong to the program, and the second half of a "
        "64-bit load would run as a different instruction."
    ),
    examples=(
        Example(
            '.program p, "tc"\n        r0 = 0\n        if r0 == 0 goto +5\n        exit\n',
            '.program p, "tc"\n        r0 = 0\n        if r0 == 0 goto +0\n        exit\n',
        ),
    ),
    explain=_explain,
)
