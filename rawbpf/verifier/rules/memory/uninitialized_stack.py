"""RB-V002: a program reads stack bytes that were never written.

Since 6.3 (commit 6715df8d5d24, backported to stable kernels as old as 6.1), a program with
CAP_PERFMON may read uninitialized stack bytes, because it may read kernel memory anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.patch import Patch, insert
from rawbpf.verifier.rule import HITS, Evidence, Example, Finding, Rule
from rawbpf.verifier.words import history

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure

_STACK = 512


def _explain(failure: Failure, match: re.Match[str]) -> Finding | None:
    if not match.groupdict().get("off"):
        return Finding(
            f"r{match['reg']} may point to stack bytes that were never written",
            history(failure, int(match["reg"])),
            change="initialize all stack bytes that the pointer may point to",
        )
    first, size = _bytes(match)
    if first < -_STACK or first + size > 0:
        return None  # the rule for stack bounds explains this message
    called = failure.effect.name
    reader = f"{called} would read" if called else "the instruction reads"
    return Finding(
        f"{reader} {size} bytes at r10{first:+d}, but not all of them are initialized",
        (_known(failure, first),),
        change=f"initialize r10{first:+d} to r10{first + size - 1:+d} first",
    )


def _bytes(match: re.Match[str]) -> tuple[int, int]:
    more = int(match.groupdict().get("more") or 0)  # the number of initialized bytes
    return int(match["off"]) + more, int(match["size"]) - more


def _known(failure: Failure, off: int) -> Evidence:
    slot = failure.stack(off)
    lowest = off // 8 * 8
    if slot is None:
        return Evidence(
            f"nothing was written to bytes r10{lowest:+d} to r10{lowest + 7:+d} on this path"
        )
    return Evidence(
        f"fp{lowest} is {slot.text}: each ? is a byte that was never written, with the "
        "highest byte first"
    )


def _repair(failure: Failure, match: re.Match[str]) -> Patch | None:
    if failure.slot is None or not match.groupdict().get("off"):
        return None
    first, size = _bytes(match)
    lowest = first // 8 * 8
    stores = [f"*(u64 *)(r10 - {-off}) = 0" for off in range(lowest, first + size, 8)]
    if len(stores) > 8:
        return None
    return Patch("initialize these bytes with 0", (insert(failure.slot, *stores),))


RULE = Rule(
    code="RB-V002",
    title="Uninitialized stack memory",
    patterns=(
        (
            r"invalid (?:indirect )?read from stack (?:R\d\d? )?off=?(?P<off> ?-?\d{1,9})"
            r"\+(?P<more>-?\d{1,9}) size (?P<size>\d{1,9})"
        ),
        r"invalid (?:indirect )?read from stack R(?P<reg>\d\d?) var_off ",
        r"invalid read from stack R\d\d? off=(?P<off>-?\d{1,9}) size=(?P<size>\d{1,9})",
    ),
    meaning=(
        "The program, or a function to which it passes a pointer, would read stack bytes "
        "that were not written on this path. The verifier tracks each byte separately."
    ),
    reason=(
        "The stack is not cleared before a program runs. Other kernel code left data on the "
        "stack, which must not leak. Newer kernels allow such reads in programs that may "
        "read kernel memory anyway."
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
