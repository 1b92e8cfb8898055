"""RB-V013: an argument must be a constant but is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Example, Finding, Rule
from rawbpf.verifier.words import can_be, history

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    if match.groupdict().get("flags"):
        return Finding(
            f"bpf_{match['flags']} supports no flags, but r2 is not 0", history(failure, 2),
            change="set r2 to 0 before the call",
        )  # fmt: skip
    register = int(match["reg"])
    value = failure.value(register)
    name = failure.effect.name or "the function"
    known = (Evidence(f"r{register} {can_be(value)}"),) if value is not None else ()
    return Finding(
        f"{name} needs a constant in r{register}, with the same value on every path",
        (*known, *history(failure, register)),
        change=f"set r{register} to a constant before the call",
    )


_BEGIN = '.license "GPL"\n.map records, ringbuf, entries=4096\n\n.program send, "kprobe"\n'
_REST = (
    "        r1 = records ll\n        r3 = 0\n        call ringbuf_reserve\n"
    "        if r0 == 0 goto out\n        r1 = r0\n        r2 = 0\n"
    "        call ringbuf_submit\nout:    r0 = 0\n        exit\n"
)

RULE = Rule(
    code="RB-V013",
    title="Constant argument required",
    patterns=(
        # since 5.15; before 5.15, the message also covers record sizes, whether bounded or not
        r"R(?P<reg>\d\d?) is not a known constant",
        r"R(?P<reg>\d\d?) must be a known constant",
        r"R(?P<reg>\d\d?) unbounded size, use 'var &= const' or 'if \(var < const\)'",
        r"R(?P<reg>\d\d?) is not a const(?:\b|$)",
        r"(?P<flags>get_local_storage)\(\) doesn't support non-zero flags",
    ),
    meaning=(
        "Some arguments determine what the verifier knows after the call, such as the size "
        "of a record or the flags of a timer. The verifier must know the exact value of "
        "such an argument."
    ),
    reason=(
        "All accesses to a reserved record must stay within its size. If the size were "
        "known only at run time, the verifier could not prove that these accesses are safe."
    ),
    examples=(
        Example(
            _BEGIN + "        r2 = *(u64 *)(r1 + 112)\n        r2 &= 64\n" + _REST,
            _BEGIN + "        r2 = 64\n" + _REST,
        ),
    ),
    explain=_explain,
)
