"""RB-V001: a register is read before anything was written to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.patch import Patch, insert
from rawbpf.verifier.repairs import free_registers
from rawbpf.verifier.rule import Evidence, Example, Finding, Rule
from rawbpf.verifier.words import way

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


_DESTROYED = 5  # calls destroy r1 to r5


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    register = int(match["reg"])
    if register == 0 and failure.effect.kind == "exit":
        return Finding(
            "r0 is read, but nothing was ever written to it"
            if not failure.origins(0)
            else "the program ends without a result in r0",
            way(failure),
            change="set r0 on every way to this exit: it is the program's result",
        )
    lost = failure.birth(register)
    if lost is not None and lost.effect.kind == "call" and 0 < register <= _DESTROYED:
        name = lost.effect.name or "a function"
        return Finding(
            f"r{register} is read after a call has destroyed it",
            (Evidence(f"r{register} is unreadable: {name} was called", lost.step.slot),),
            change=f"keep it in r6 to r9 over the call, or set r{register} again behind it",
        )
    return Finding(
        f"r{register} is read, but nothing was ever written to it",
        (Evidence("when a program begins, only r1 (the context) and r10 (the stack) are set"),),
        change=f"write to r{register} before this instruction, on every way here",
    )


def _repair(failure: Failure, match: re.Match[str]) -> Patch | None:
    if failure.slot is None:
        return None
    register = int(match["reg"])
    lost = failure.birth(register)
    kept = [one for one in free_registers(failure) if one > _DESTROYED]
    if lost is not None and lost.effect.kind == "call" and 0 < register <= _DESTROYED and kept:
        return Patch(
            f"keep r{register} in r{kept[0]} over the call",
            (
                insert(lost.step.slot, f"r{kept[0]} = r{register}"),
                insert(failure.slot, f"r{register} = r{kept[0]}"),
            ),
        )
    return Patch(f"set r{register} first", (insert(failure.slot, f"r{register} = 0"),))


RULE = Rule(
    code="RB-V001",
    title="A register is read that was never written",
    patterns=(r"^R(?P<reg>\d\d?) !read_ok$",),
    meaning=(
        "The instruction uses a register that holds nothing on this path. A program starts with "
        "r1, the context, and r10, the end of its stack; all other registers must be written "
        "first. A call destroys r1 to r5. exit reads r0, the result."
    ),
    reason=(
        "What would be read is whatever the kernel left in the register: a kernel address, "
        "perhaps. It must not leak, and a program that depends on it would behave at random."
    ),
    examples=(
        Example(
            '.program ends, "socket"\n        exit\n',
            '.program ends, "socket"\n        r0 = 0\n        exit\n',
        ),
    ),
    explain=_explain,
    repair=_repair,
)
