"""RB-V007: an access is outside a map value.

The message about an access outside a map value consists of two lines. One line contains the sizes;
the other line names the register, and says whether its minimum or maximum is out of bounds. Some
kernels print only one of the two lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.bounds import Access, explain_bounds, repair_bounds
from rawbpf.verifier.rule import HITS, LOOKUP, Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure
    from rawbpf.verifier.patch import Patch


def _access(failure: Failure, match: re.Match[str]) -> Access | None:
    return Access.of(failure, match, ("map_value", "map_key"))


def _explain(failure: Failure, match: re.Match[str]) -> Finding | None:
    if match.groupdict().get("size") == "0" or "for !root" in failure.message:
        return None  # other rules explain these messages
    access = _access(failure, match)
    if access is None or (access.value is None and "access to memory" in failure.message):
        return None
    name = access.value.fields.get("map") if access.value else None
    return explain_bounds(failure, access, f"the value of map {name}" if name else "the map value")


def _repair(failure: Failure, match: re.Match[str]) -> Patch | None:
    access = _access(failure, match)
    return repair_bounds(failure, access) if access else None


_INDEX = '.program pick, "socket"\n        r6 = *(u32 *)(r1 + 0)\n'
_ADD = """\
        if r0 == 0 goto out
        r0 += r6
        r0 = *(u8 *)(r0 + 0)
out:    r0 = 0
        exit
"""

RULE = Rule(
    code="RB-V007",
    title="Out-of-bounds map value access",
    patterns=(
        (
            r"invalid access to map (?:value|key), (?:value|key)_size=(?P<room>\d{1,9}) "
            r"off=(?P<off>-?\d{1,19}) size=(?P<size>-?\d{1,9})(?:\nR(?P<reg>\d\d?) )?"
        ),
        r"R(?P<reg>\d\d?) unbounded memory access, make sure to bounds check any such access",
        (
            r"R(?P<reg>\d\d?) min value is negative, either use unsigned index or do a if \(index "
            r">=0\) check"
        ),
        r"R(?P<reg>\d\d?) (?:min|max) value is outside of the allowed memory range",
    ),
    meaning=(
        "A map value is value_size bytes long, and every byte of an access must be inside "
        "the value. If a number was added to the pointer, the access must be in bounds for "
        "both the smallest and the largest value that the number may have."
    ),
    reason=(
        "Map values are adjacent in kernel memory. An access past the end of a value would "
        "reach the next value, or memory that belongs to another object."
    ),
    examples=(
        Example(
            HITS + _INDEX + LOOKUP + _ADD,
            HITS + _INDEX + "        if r6 > 7 goto out\n" + LOOKUP + _ADD,
        ),
        Example(
            HITS
            + '.program past, "socket"\n'
            + LOOKUP
            + "        if r0 == 0 goto out\n        r0 = *(u64 *)(r0 + 8)\nout:    r0 = 0\n"
            "        exit\n",
            HITS
            + '.program past, "socket"\n'
            + LOOKUP
            + "        if r0 == 0 goto out\n        r0 = *(u64 *)(r0 + 0)\nout:    r0 = 0\n"
            "        exit\n",
        ),
    ),
    explain=_explain,
    repair=_repair,
)
