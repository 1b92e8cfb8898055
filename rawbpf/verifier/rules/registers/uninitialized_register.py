"""RB-V001: a program reads a register that was not written on this path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.patch import Patch, free_registers, insert
from rawbpf.verifier.rule import Evidence, Example, Finding, Rule
from rawbpf.verifier.words import way

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


_CLOBBERED = 5  # calls clobber r1 to r5


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    register = int(match["reg"])
    if register == 0 and failure.effect.kind == "exit":
        return Finding(
            "r0, the return value, was not initialized on this path"
            if not failure.origins(0)
            else "the program exits without a return value in r0",
            way(failure),
            change="set r0, the return value, on every path to this exit",
        )
    lost = failure.birth(register)
    if lost is not None and lost.effect.kind == "call" and 0 < register <= _CLOBBERED:
        name = lost.effect.name or "a function"
        return Finding(
            f"r{register} is read after a call clobbered it",
            (Evidence(f"{name} was called here: only r6 to r9 survive a call", lost.step.slot),),
            change=(
                f"keep the value in r6 to r9 across the call, or set r{register} again after "
                "the call"
            ),
        )
    return Finding(
        f"r{register} is read, but was not initialized on this path",
        (
            Evidence(
                "when a program starts, only r1 (the context) and r10 (the stack) are initialized"
            ),
        ),
        change=f"write r{register} before this instruction, on every path to it",
    )


def _repair(failure: Failure, match: re.Match[str]) -> Patch | None:
    if failure.slot is None:
        return None
    register = int(match["reg"])
    lost = failure.birth(register)
    kept = [one for one in free_registers(failure) if one > _CLOBBERED]
    if lost is not None and lost.effect.kind == "call" and 0 < register <= _CLOBBERED and kept:
        return Patch(
            f"keep r{register} in r{kept[0]} across the call",
            (
                insert(lost.step.slot, f"r{kept[0]} = r{register}"),
                insert(failure.slot, f"r{register} = r{kept[0]}"),
            ),
        )
    return Patch(f"initialize r{register} with 0", (insert(failure.slot, f"r{register} = 0"),))


RULE = Rule(
    code="RB-V001",
    title="Uninitialized register",
    patterns=(r"^R(?P<reg>\d\d?) !read_ok$",),
    meaning=(
        "The instruction reads a register that was not written on this path. When a program "
        "starts, r1 (the context) and r10 (the end of its stack frame) are initialized; "
        "every other register must be written first. A call clobbers r1 to r5. The exit "
        "instruction reads r0, the return value."
    ),
    reason=(
        "An uninitialized register holds whatever the kernel left in it, perhaps a kernel "
        "address. Such an address must not leak, and a program that depends on such a "
        "value would behave unpredictably."
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
