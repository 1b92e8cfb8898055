"""RB-V045: functions use too much stack together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.effect import effect
from rawbpf.verifier.rule import Evidence, Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


_FP, _MOST = 10, 5


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    who = f"{found['calls']} functions in a chain use" if found.get("calls") else "it uses"
    return Finding(
        f"{who} {found['bytes']} bytes of stack; there are 512",
        _frames(failure),
        change="keep large things in a map (a PERCPU_ARRAY with one entry) instead of the stack",
    )


def _frames(failure: Failure) -> tuple[Evidence, ...]:
    """The lowest place that each function addresses by r10, the largest frame first.

    What it hands to others by an address counts too; that is not looked for here.
    """
    if failure.code is None:
        return ()
    starts = {one.slot: one.name for one in failure.code.functions} or {0: failure.code.name}
    lowest: dict[str, tuple[int, int]] = {}
    function = failure.code.name
    for slot in failure.instructions:
        function = starts.get(slot, function)
        memory = effect(failure.text_at(slot) or "").memory
        if memory is not None and memory.base == _FP:
            lowest[function] = min(lowest.get(function, (0, 0)), (memory.off, slot))
    frames = sorted((off, slot, name) for name, (off, slot) in lowest.items())
    return tuple(
        Evidence(f"{name} goes down to r10{off}", slot) for off, slot, name in frames[:_MOST]
    )


RULE = Rule(
    code="RB-V045",
    title="Functions use too much stack together",
    patterns=(
        r"combined stack size of (?P<calls>\d{1,9}) calls is (?P<bytes>\d{1,9})",
        (
            r"stack size of (?P<who>\w{1,128})[^\n]{0,40} is (?P<bytes>\d{1,9})[^\n]{0,20}[Tt]oo "
            r"large"
        ),
    ),
    meaning=(
        "A function may use 512 bytes of stack, and so may all functions that call "
        "each other together: the verifier adds up what each uses, rounded up (to 16 "
        "or 32 bytes)."
    ),
    reason=("The kernel's own stack has 16 KiB for all that happens on it, interrupts included."),
    examples=(
        Example(
            '.program p, "tc"\n        r1 = 1\n        *(u64 *)(r10 - 304) = r1\n'
            "        call f\n        exit\n.function f\n        r1 = 2\n"
            "        *(u64 *)(r10 - 304) = r1\n        r0 = 0\n        exit\n",
            '.program p, "tc"\n        r1 = 1\n        *(u64 *)(r10 - 104) = r1\n'
            "        call f\n        exit\n.function f\n        r1 = 2\n"
            "        *(u64 *)(r10 - 304) = r1\n        r0 = 0\n        exit\n",
        ),
    ),
    explain=_explain,
)
