"""RB-V002: bytes of the stack are read before anything was written to them.

From 6.3 on (commit 6715df8d5d24, and in stable kernels since 6.1) a program with CAP_PERFMON may do
that: what it could find there it may read anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.patch import Patch, insert
from rawbpf.verifier.rule import Evidence, Example, Finding, Rule
from rawbpf.verifier.snippets import HITS
from rawbpf.verifier.words import history

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure

_STACK = 512


def _explain(failure: Failure, match: re.Match[str]) -> Finding | None:
    if not match.groupdict().get("off"):
        return Finding(
            f"r{match['reg']} may lead to stack that was never written, and it is read",
            history(failure, int(match["reg"])),
            change="write to all of the stack that the address may lead to",
        )
    first, size = _bytes(match)
    if first < -_STACK or first + size > 0:
        return None  # out of bounds: that is another rule's
    called = failure.effect.name
    reader = f"{called} would read" if called else "the instruction reads"
    return Finding(
        f"{reader} {size} bytes of stack at r10{first:+d}, and not all of them were written",
        (_known(failure, first),),
        change=f"write to r10{first:+d} ... r10{first + size - 1:+d} first",
    )


def _bytes(match: re.Match[str]) -> tuple[int, int]:
    more = int(match.groupdict().get("more") or 0)  # how many of the bytes were written
    return int(match["off"]) + more, int(match["size"]) - more


def _known(failure: Failure, off: int) -> Evidence:
    slot = failure.stack(off)
    lowest = off // 8 * 8
    if slot is None:
        return Evidence(f"nothing was stored in r10{lowest:+d} ... r10{lowest + 7:+d} on this path")
    return Evidence(f"fp{lowest} is {slot.text}: ? marks bytes never written, the highest first")


def _repair(failure: Failure, match: re.Match[str]) -> Patch | None:
    if failure.slot is None or not match.groupdict().get("off"):
        return None
    first, size = _bytes(match)
    lowest = first // 8 * 8
    stores = [f"*(u64 *)(r10 - {-off}) = 0" for off in range(lowest, first + size, 8)]
    if len(stores) > 8:
        return None
    return Patch("set these bytes to zero first", (insert(failure.slot, *stores),))


RULE = Rule(
    code="RB-V002",
    title="Stack is read that was never written",
    patterns=(
        (
            r"invalid (?:indirect )?read from stack (?:R\d\d? )?off=?(?P<off> ?-?\d{1,9})"
            r"\+(?P<more>-?\d{1,9}) size (?P<size>\d{1,9})"
        ),
        r"invalid (?:indirect )?read from stack R(?P<reg>\d\d?) var_off ",
        r"invalid read from stack R\d\d? off=(?P<off>-?\d{1,9}) size=(?P<size>\d{1,9})",
    ),
    meaning=(
        "The program, or a function that it hands an address to, would read bytes of its stack "
        "that "
        "it has not written on this path. The verifier keeps track of each single byte."
    ),
    reason=(
        "The stack is not cleared before a program runs; what lies there is left from other code "
        "of "
        "the kernel and must not leak. Newer kernels allow it to programs that may read kernel "
        "memory in any case."
    ),
    examples=(
        Example(
            HITS
            + '.program look, "socket"\n        r2 = r10\n        r2 += -4\n        r1 = hits ll\n'
            "        call map_lookup_elem\n        r0 = 0\n        exit\n",
            HITS + '.program look, "socket"\n        *(u32 *)(r10 - 4) = 0\n        r2 = r10\n'
            "        r2 += -4\n        r1 = hits ll\n        call map_lookup_elem\n"
            "        r0 = 0\n        exit\n",
            until="6.0",
        ),
    ),
    explain=_explain,
    repair=_repair,
)
