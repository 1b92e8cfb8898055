"""RB-V075: packet bytes are accessed on the branch on which they are past the end of the packet.

Since 5.11 (commit 6d94e741a8ff, backported to stable kernels as old as 5.10), the verifier also
records the result of the comparison with data_end on the branch past the end. On that branch, the
pointer's range is -1 (at the end) or -2 (past the end), which newer logs print as a very large
number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Example, Finding, Rule
from rawbpf.verifier.words import history

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure

_FARTHEST = 2000


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    register = int(match["reg"])
    compared = _compared(failure)
    slots = {one.slot for one in compared}
    return Finding(
        f"r{register} was compared with data_end, and the packet ends before it on this branch",
        (*compared, *(one for one in history(failure, register) if one.slot not in slots)),
        f"a packet that ends at or before r{register}",
        "access the packet on the other branch, or invert the comparison",
    )


def _compared(failure: Failure) -> tuple[Evidence, ...]:
    """Return the last comparison with data_end on this path."""
    ends = {number for number in range(10) if _is_end(failure, number)}
    for step in failure.path[1:_FARTHEST]:
        if step.text.startswith("if ") and any(f"r{end} " in step.text for end in ends):
            return (Evidence(f"the comparison is: {step.text}", step.slot),)
    return ()


def _is_end(failure: Failure, register: int) -> bool:
    value = failure.value(register)
    return value is not None and value.kind == "pkt_end"


RULE = Rule(
    code="RB-V075",
    title="Packet access on the wrong branch",
    patterns=(r"R(?P<reg>\d\d?) offset is outside of the packet",),
    meaning=(
        "A comparison with data_end has two branches. On one branch, the bytes are inside "
        "the packet. On the other branch, the bytes are certainly outside the packet, "
        "and the program accesses them on this branch."
    ),
    reason=(
        "The memory after the packet belongs to the kernel. Usually, either the "
        "comparison is inverted, or a label is in the wrong place."
    ),
    examples=(
        Example(
            '.program wrong, "xdp"\n        r2 = *(u32 *)(r1 + 0)               ; data\n'
            "        r3 = *(u32 *)(r1 + 4)               ; data_end\n"
            "        r2 += 1\n        if r2 > r3 goto read\n"
            "        r0 = 2\n        exit\nread:   r0 = *(u8 *)(r2 - 1)\n        exit\n",
            '.program right, "xdp"\n        r2 = *(u32 *)(r1 + 0)               ; data\n'
            "        r3 = *(u32 *)(r1 + 4)               ; data_end\n"
            "        r2 += 1\n        if r2 <= r3 goto read\n"
            "        r0 = 2\n        exit\nread:   r0 = *(u8 *)(r2 - 1)\n        exit\n",
        ),
    ),
    explain=_explain,
)
