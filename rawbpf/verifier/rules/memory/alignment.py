"""RB-V014: an access is not aligned to its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.patch import Edit, Patch
from rawbpf.verifier.rule import Example, Finding, Rule
from rawbpf.verifier.words import history

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _off(match: re.Match[str]) -> int:
    """Return the known part of the sum that the kernel prints, as in (0x0; 0x7)+0+-6 or 0+-6."""
    first = match["first"]
    fixed = int(first[1:].partition(";")[0], 16) if first.startswith("(") else int(first, 0)
    return fixed + sum(int(one) for one in match["sum"].split("+") if one)


def _varies(match: re.Match[str]) -> bool:
    """Return whether a part of the sum is unknown."""
    return match["first"].startswith("(") and not match["first"].endswith("; 0x0)")


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    size, one = int(match["size"]), failure.effect
    register = one.memory.base if one.memory is not None else 10
    what = (match["what"] or "").strip()
    if _varies(match):
        where = "the pointer" if one.memory is None else f"r{register}"
        sentence = f"an unknown number was added to {where}, so the access may be misaligned"
    else:
        of = f" of the {_NAMES.get(what, what)}" if what else ""
        sentence = f"the {size}-byte access at offset {_off(match)}{of} is misaligned"
    return Finding(
        sentence,
        history(failure, register) if register != 10 else (),
        change=f"use an offset that is a multiple of {size}, or access the bytes one by one",
    )


_NAMES = {"value": "map value", "key": "map key", "sock": "socket"}


def _repair(failure: Failure, match: re.Match[str]) -> Patch | None:
    """Return a patch that replaces the offset with the next lower aligned offset."""
    code, one, size = failure.code, failure.effect, int(match["size"])
    if code is None or failure.slot is None or _varies(match) or one.memory is None:
        return None
    index = code.index_at(failure.slot)
    old = code.instructions[index]
    new = old._replace(off=old.off - _off(match) % size)
    return Patch(f"use offset {new.off}", (Edit(failure.slot, 1, (new,)),))


RULE = Rule(
    code="RB-V014",
    title="Misaligned memory access",
    patterns=(
        (
            r"misaligned (?P<what>\w+ )?access off (?:(?<=packet access off )\d{1,9}\+)?"
            r"(?P<first>\(0x[0-9a-f]{1,16}; 0x[0-9a-f]{1,16}\)|0x[0-9a-f]{1,16}|-?\d{1,19})"
            r"(?P<sum>(?:\+-?\d{1,19}){0,3}) size (?P<size>[1-9]\d{0,8})"
        ),
    ),
    meaning=(
        "On the stack, in the context and for atomic operations, the offset must be a "
        "multiple of the access size. For other memory, alignment is required only by some "
        "processors or if BPF_F_STRICT_ALIGNMENT is set."
    ),
    reason=(
        "The verifier tracks the stack in slots of eight bytes, and a spilled pointer must "
        "fill exactly one slot. In addition, some processors do not support unaligned "
        "accesses."
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
