"""RB-V045: a chain of functions uses too much stack."""

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
    calls = found.get("calls")
    who = f"the {calls} functions of this call chain use" if calls else "the function uses"
    return Finding(
        f"{who} {found['bytes']} bytes of stack, but the limit is 512",
        _frames(failure),
        change="keep large data in a map, such as a PERCPU_ARRAY with one entry",
    )


def _frames(failure: Failure) -> tuple[Evidence, ...]:
    """Return the lowest offset from r10 that each function accesses, with the largest frame first.

    Stack memory that a function only passes by pointer also counts, but is not included here.
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
        Evidence(f"{name} uses the stack down to r10{off}", slot)
        for off, slot, name in frames[:_MOST]
    )


RULE = Rule(
    code="RB-V045",
    title="Combined stack size too large",
    patterns=(
        r"combined stack size of (?P<calls>\d{1,9}) calls is (?P<bytes>\d{1,9})",
        (
            r"stack size of (?P<who>\w{1,128})[^\n]{0,40} is (?P<bytes>\d{1,9})[^\n]{0,20}[Tt]oo "
            r"large"
        ),
    ),
    meaning=(
        "A function may use 512 bytes of stack, and all functions in a call chain may "
        "together use no more than 512 bytes. The verifier adds up the stack sizes of the "
        "functions, each rounded up to 16 or 32 bytes."
    ),
    reason=(
        "The kernel stack is 16 KiB in size and is shared by everything that runs on it, "
        "including interrupts."
    ),
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
