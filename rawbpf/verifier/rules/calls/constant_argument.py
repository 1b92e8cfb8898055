"""RB-V013: an argument must be a constant, and is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Example, Finding, Rule
from rawbpf.verifier.words import history, range_of

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    if match.groupdict().get("flags"):
        return Finding(
            f"{match['flags']} has no flags, and is given some", history(failure, 2),
            change="set r2 to 0 in front of the call",
        )  # fmt: skip
    register = int(match["reg"])
    value = failure.value(register)
    name = failure.effect.name or "the function"
    known = (Evidence(f"r{register} is a number: {range_of(value)}"),) if value is not None else ()
    return Finding(
        f"{name} wants a constant in r{register}, the same on every way here",
        (*known, *history(failure, register)),
        change=f"set r{register} to a number in front of the call",
    )


_BEGIN = '.license "GPL"\n.map records, ringbuf, entries=4096\n\n.program send, "kprobe"\n'
_REST = (
    "        r1 = records ll\n        r3 = 0\n        call ringbuf_reserve\n"
    "        if r0 == 0 goto out\n        r1 = r0\n        r2 = 0\n"
    "        call ringbuf_submit\nout:    r0 = 0\n        exit\n"
)

RULE = Rule(
    code="RB-V013",
    title="An argument that must be a constant",
    patterns=(
        # since 5.15, and before: there it is the size of a record, bounded or not
        r"R(?P<reg>\d\d?) is not a known constant",
        r"R(?P<reg>\d\d?) must be a known constant",
        r"R(?P<reg>\d\d?) unbounded size, use 'var &= const' or 'if \(var < const\)'",
        r"R(?P<reg>\d\d?) is not a const(?:\b|$)",
        r"(?P<flags>get_local_storage)\(\) doesn't support non-zero flags",
    ),
    meaning=(
        "Some arguments decide what the verifier knows afterwards: how long a record is, which "
        "flags a timer has. For those it must know the very number."
    ),
    reason=(
        "The size of a reserved record is the bound of all accesses to it. With a number that is "
        "only known when the program runs, nothing could be proven before."
    ),
    examples=(
        Example(
            _BEGIN + "        r2 = *(u64 *)(r1 + 112)\n        r2 &= 64\n" + _REST,
            _BEGIN + "        r2 = 64\n" + _REST,
        ),
    ),
    explain=_explain,
)
