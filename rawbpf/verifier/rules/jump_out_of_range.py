"""RB-V047: a jump or a call that leads nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    if found.get("middle"):
        return Finding(
            f"a jump leads to {found['to']}, the second half of a 64-bit load",
            change="count the load as two slots, or let a label do it",
        )
    if found.get("call"):
        return Finding(
            "a call leads to where no function begins",
            change="call the first instruction of a function, by its name",
        )
    to = found.get("to")
    where = "" if to is None else f" to instruction {to}"
    last = "" if failure.code is None else f", and the last one is {failure.code.slots - 1}"
    return Finding(
        f"the jump leads{where}{last}",
        change="jump to an instruction of the function, by a label",
    )


RULE = Rule(
    code="RB-V047",
    title="A jump leads nowhere",
    patterns=(
        r"jump out of range from insn (?P<slot>\d{1,9}) to (?P<to>-?\d{1,9})",
        r"(?P<middle>jump into the middle) of ldimm64 insn (?P<to>\d{1,9})",
        r"(?P<call>call to invalid destination)",
        (
            r"(?:no|invalid) (?P<call>subprog(?:ram)?) (?:exists|starts) "
            r"at insn (?P<to>-?\d{1,9})"
        ),
        r"(?P<call>verifier bug. No program starts) at insn (?P<to>-?\d{1,9})",
    ),
    meaning=(
        "A jump counts slots of eight bytes from the instruction behind it, and has "
        "to end at the beginning of an instruction of the same function. A 64-bit "
        "load has two slots, and the second is no instruction."
    ),
    reason=(
        "What is behind the program is not the program's, and half of an instruction "
        "would be another one."
    ),
    examples=(
        Example(
            '.program p, "tc"\n        r0 = 0\n        if r0 == 0 goto +5\n        exit\n',
            '.program p, "tc"\n        r0 = 0\n        if r0 == 0 goto +0\n        exit\n',
        ),
    ),
    explain=_explain,
)
