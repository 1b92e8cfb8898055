"""RB-V003: a pointer that may be NULL is used without a check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.patch import Patch, leave_unless
from rawbpf.verifier.rule import HITS, LOOKUP, Evidence, Example, Finding, Rule
from rawbpf.verifier.words import history, kind_words

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    register = int(match["reg"])
    value = failure.value(register)
    kind = match.groupdict().get("type") or (value.kind if value is not None else "ptr_or_null_")
    evidence = list(history(failure, register))
    born = failure.birth(register)
    if born is not None and born.effect.kind == "call":
        name = born.effect.name or "the function"
        evidence[-1] = Evidence(f"r0 is {kind}: {name} may return NULL", born.step.slot)
    return Finding(
        f"r{register} may be NULL: it is {kind_words(kind)}, and the program did not check it",
        tuple(evidence),
        counter=f"r{register} = 0: {_WHY.get(kind, 'the call returned NULL')}",
        change=f"check r{register} for NULL before using it",
    )


_WHY = {
    "map_value_or_null": "the key is not in the map",
    "ringbuf_mem_or_null": "the ring buffer is full",
    "alloc_mem_or_null": "the ring buffer is full",
    "mem_or_null": "the ring buffer is full",
    "sock_or_null": "no such socket exists",
}


def _repair(failure: Failure, match: re.Match[str]) -> Patch | None:
    if failure.slot is None:
        return None
    register = int(match["reg"])
    check = leave_unless(failure.slot, f"r{register} != 0")
    return Patch(f"return 0 if r{register} is NULL", (check,))


_HEAD = HITS + '.program count, "socket"\n' + LOOKUP

RULE = Rule(
    code="RB-V003",
    title="Possibly NULL pointer dereferenced",
    patterns=(
        r"R(?P<reg>\d\d?) invalid mem access '(?P<type>\w+_or_null\w*)'",
        r"R(?P<reg>\d\d?) pointer arithmetic on (?P<type>\w+_or_null\w*) prohibited",
        r"R(?P<reg>\d\d?) type=(?P<type>\w+_or_null\w*) expected=",
        r"Possibly NULL pointer passed to helper arg(?P<reg>\d)",
    ),
    meaning=(
        "A function returned a pointer or NULL, and the program uses the result without "
        "checking it. Comparing the register with 0 splits the path in two. On one branch, "
        "the register and all its copies are valid pointers. On the other branch, the "
        "register is 0."
    ),
    reason=(
        "Dereferencing NULL would cause a page fault in the kernel. A map lookup fails if "
        "the key is missing, and a reservation fails if the ring buffer is full. Both cases "
        "are rare, so tests seldom reveal a missing check."
    ),
    examples=(
        Example(
            _HEAD + "        r0 = *(u64 *)(r0 + 0)\n        exit\n",
            _HEAD + "        if r0 == 0 goto none\n        r0 = *(u64 *)(r0 + 0)\nnone:   exit\n",
        ),
    ),
    explain=_explain,
    repair=_repair,
)
