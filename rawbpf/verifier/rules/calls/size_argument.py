"""RB-V012: a size that may be negative, zero, or without an upper bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.patch import Patch, leave_unless, room
from rawbpf.verifier.rule import Evidence, Example, Finding, Rule
from rawbpf.verifier.words import history, number, range_of

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
        return int(address) + 1  # the size follows the address
    # "invalid zero-sized read" names no register until 6.7: it is the one that is 0.
    for register in (2, 4, 5, 3):
        value = failure.value(register)
        if value is not None and value.is_scalar and value.umin == 0 and value.smin >= 0:
            return register
    return None


def _is_zero(match: re.Match[str]) -> bool:
    return "zero-sized" in match[0] or bool(match.groupdict().get("zero"))


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    register = _register(failure, match)
    name = failure.effect.name or "the call"
    if register is None:
        why = "or the map has keys or values of size 0, as ring buffers have"
        sentence = f"{name} would read 0 bytes: a size is 0, {why}"
        return Finding(sentence, change="make sure that the size is at least 1")
    value = failure.value(register)
    known = range_of(value) if value is not None else "any number"
    evidence = (Evidence(f"r{register} is a number: {known}"), *history(failure, register))
    if _is_zero(match):
        sentence = f"r{register}, a size for {name}, may be 0"
        return Finding(sentence, evidence, f"r{register} = 0", "make sure that it is at least 1")
    bad = _LARGEST
    if value is not None and value.smin < 0:
        bad = min(-1, value.smax)
    return Finding(
        f"r{register}, a size for {name}, may be negative or very large",
        evidence,
        counter=f"r{register} = {number(bad)}",
        change=f"compare r{register}, unsigned, with the size of the memory, or mask it",
    )


def _repair(failure: Failure, match: re.Match[str]) -> Patch | None:
    register = _register(failure, match)
    if register is None or failure.slot is None:
        return None
    if _is_zero(match):
        return Patch(
            # Not `!= 0`: that tells verifiers before 6.6 nothing of the lower bound.
            f"leave if r{register} is 0",
            (leave_unless(failure.slot, f"r{register} > 0"),),
        )
    left = room(failure.value(register - 1))
    if not left:
        return None
    # Above first: a range that goes over zero is one arc for 7.2, which cannot lose its middle.
    above = f"if r{register} > {left} goto +1"
    edit = leave_unless(failure.slot, f"r{register} > 0", above)  # many helpers want no size of 0
    return Patch(f"leave unless r{register} is 1 to {left}, what the memory has", (edit,))


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
    title="A size without bounds",
    patterns=(
        r"R(?P<reg>\d\d?) min value is negative, either use unsigned or 'var &= const'",
        r"R(?P<reg>\d\d?) unbounded memory access, use 'var &= const' or 'if \(var < const\)'",
        r"R(?P<reg>\d\d?) invalid zero-sized read",
        r"invalid zero-sized read",
        # until 6.2, where the memory is a map's value
        r"invalid access to map value, [^\n]{1,60} (?P<zero>size=0)\nR(?P<address>\d)",
    ),
    meaning=(
        "A function that gets an address and a size may touch all bytes between. So the size must "
        "be bounded on both sides, seen as a signed number too, and for most functions it may not "
        "be 0. A comparison bounds it, if it is unsigned; so does a mask."
    ),
    reason=(
        "A size of -1 is a size of four billion to whoever takes it as unsigned. That is the most "
        "common way out of a buffer there is."
    ),
    examples=(Example(_READ + _REST, _READ + "        if r2 > 16 goto out\n" + _REST),),
    explain=_explain,
    repair=_repair,
)
