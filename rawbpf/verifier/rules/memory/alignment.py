"""RB-V014: an access that is not aligned to its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.patch import Edit, Patch
from rawbpf.verifier.rule import Example, Finding, Rule
from rawbpf.verifier.words import history

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _off(match: re.Match[str]) -> int:
    """The known part of the sum that the kernel writes: (0x0; 0x7)+0+-6, or 0+-6."""
    first = match["first"]
    fixed = int(first[1:].partition(";")[0], 16) if first.startswith("(") else int(first, 0)
    return fixed + sum(int(one) for one in match["sum"].split("+") if one)


def _varies(match: re.Match[str]) -> bool:
    """Whether a part of the sum is not known."""
    return match["first"].startswith("(") and not match["first"].endswith("; 0x0)")


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    size, one = int(match["size"]), failure.effect
    register = one.memory.base if one.memory is not None else 10
    what = (match["what"] or "memory").strip()
    if _varies(match):
        where = "the address" if one.memory is None else f"r{register}"
        sentence = f"an unknown number was added to {where}, and {size} bytes may be unaligned"
    else:
        sentence = f"{size} bytes at offset {_off(match)} of {what} are not aligned to {size}"
    return Finding(
        sentence,
        history(failure, register) if register != 10 else (),
        change=f"use an offset that {size} divides, or access byte by byte",
    )


def _repair(failure: Failure, match: re.Match[str]) -> Patch | None:
    """The next lower offset that is aligned."""
    code, one, size = failure.code, failure.effect, int(match["size"])
    if code is None or failure.slot is None or _varies(match) or one.memory is None:
        return None
    index = code.index_at(failure.slot)
    old = code.instructions[index]
    new = old._replace(off=old.off - _off(match) % size)
    return Patch(f"use offset {new.off}", (Edit(failure.slot, 1, (new,)),))


RULE = Rule(
    code="RB-V014",
    title="An access that is not aligned",
    patterns=(
        (
            r"misaligned (?P<what>\w+ )?access off (?:(?<=packet access off )\d{1,9}\+)?"
            r"(?P<first>\(0x[0-9a-f]{1,16}; 0x[0-9a-f]{1,16}\)|0x[0-9a-f]{1,16}|-?\d{1,19})"
            r"(?P<sum>(?:\+-?\d{1,19}){0,3}) size (?P<size>[1-9]\d{0,8})"
        ),
    ),
    meaning=(
        "In the stack, in the context and for atomic operations, the offset must be a multiple of "
        "the size. Elsewhere only if the processor insists, or BPF_F_STRICT_ALIGNMENT is set."
    ),
    reason=(
        "The verifier keeps account of the stack in pieces of eight bytes: a spilled address must "
        "lie in exactly one. And not all processors can access what is not aligned."
    ),
    examples=(
        Example(
            '.program odd, "socket"\n        *(u32 *)(r10 - 6) = 0\n        r0 = 0\n        exit\n',
            '.program odd, "socket"\n        *(u32 *)(r10 - 8) = 0\n        r0 = 0\n        exit\n',
        ),
    ),
    explain=_explain,
    repair=_repair,
)
