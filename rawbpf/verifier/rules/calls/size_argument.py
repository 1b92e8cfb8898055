"""RB-V012: a size argument may be negative, zero or too large."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.patch import Patch, leave_unless, room
from rawbpf.verifier.rule import Evidence, Example, Finding, Rule
from rawbpf.verifier.words import can_be, history, number

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure

_LARGEST = 1 << 29  # BPF_MAX_VAR_SIZ


def _register(failure: Failure, match: re.Match[str]) -> int | None:
    named = match.groupdict().get("reg")
    if named:
        return int(named)
    address = match.groupdict().get("address")
    if address:
        return int(address) + 1  # the size argument follows the pointer argument
    # Up to 6.7, "invalid zero-sized read" does not name a register, so the register that may be 0
    # is searched for.
    for register in (2, 4, 5, 3):
        value = failure.value(register)
        if value is not None and value.is_scalar and value.umin == 0 and value.smin >= 0:
            return register
    return None


def _is_zero(match: re.Match[str]) -> bool:
    return "zero-sized" in match[0] or bool(match.groupdict().get("zero"))


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    register = _register(failure, match)
    name = failure.effect.name or "the function"
    if register is None:
        why = "or the map's keys or values have size 0, as in ring buffers"
        sentence = f"{name} would read 0 bytes: the size is 0, {why}"
        return Finding(sentence, change="pass a size of at least 1")
    value = failure.value(register)
    evidence = (Evidence(f"r{register} {can_be(value)}"), *history(failure, register))
    if _is_zero(match):
        sentence = f"r{register}, the size passed to {name}, may be 0"
        return Finding(sentence, evidence, f"r{register} = 0", "pass a size of at least 1")
    bad = _LARGEST
    if value is not None and value.smin < 0:
        bad = min(-1, value.smax)
    return Finding(
        f"r{register}, the size passed to {name}, may be negative or very large",
        evidence,
        counter=f"r{register} = {number(bad)}",
        change=f"limit r{register} to the memory's size, with an unsigned comparison or a mask",
    )


def _repair(failure: Failure, match: re.Match[str]) -> Patch | None:
    register = _register(failure, match)
    if register is None or failure.slot is None:
        return None
    if _is_zero(match):
        return Patch(
            # A check with `!= 0` is avoided, because verifiers before 6.6 derive no lower bound
            # from it.
            f"return 0 if r{register} is 0",
            (leave_unless(failure.slot, f"r{register} > 0"),),
        )
    left = room(failure.value(register - 1))
    if not left:
        return None
    # The upper bound is checked first: 7.2 keeps a range across 0 as one arc, which a check for 0
    # cannot divide.
    above = f"if r{register} > {left} goto +1"
    edit = leave_unless(failure.slot, f"r{register} > 0", above)  # many helpers reject a size of 0
    return Patch(
        f"return 0 unless r{register} is between 1 and {left}, the size of the memory", (edit,)
    )


_READ = """\
.license "GPL"
.program read, "kprobe"
        r3 = *(u64 *)(r1 + 112)
        r2 = *(u64 *)(r1 + 104)
        r1 = 0
        *(u64 *)(r10 - 16) = r1
        *(u64 *)(r10 - 8) = r1
        r1 = r10
        r1 += -16
"""
_REST = "        call probe_read_kernel\nout:    r0 = 0\n        exit\n"

RULE = Rule(
    code="RB-V012",
    title="Invalid size argument",
    patterns=(
        r"R(?P<reg>\d\d?) min value is negative, either use unsigned or 'var &= const'",
        r"R(?P<reg>\d\d?) unbounded memory access, use 'var &= const' or 'if \(var < const\)'",
        r"R(?P<reg>\d\d?) invalid zero-sized read",
        r"invalid zero-sized read",
        # up to 6.2, for memory in a map value
        r"invalid access to map value, [^\n]{1,60} (?P<zero>size=0)\nR(?P<address>\d)",
    ),
    meaning=(
        "A function that receives a pointer and a size may access all bytes in this range. "
        "The size must therefore have a lower and an upper bound, even when interpreted as "
        "a signed number, and for most functions it must not be 0. An unsigned comparison "
        "or a mask sets such bounds."
    ),
    reason=(
        "Interpreted as an unsigned number, a size of -1 is the largest possible size. This "
        "is a common cause of buffer overflows."
    ),
    examples=(Example(_READ + _REST, _READ + "        if r2 > 16 goto out\n" + _REST),),
    explain=_explain,
    repair=_repair,
)
