"""RB-V075: packet bytes are read on the branch on which the packet has ended.

Since 5.11 (commit 6d94e741a8ff, and in stable kernels since 5.10) the verifier notes on that
branch, too, what the comparison with data_end said: the range of the address is then -1 (at the
end) or -2 (beyond it), which newer logs show as a very large number.
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
    return Finding(
        f"r{register} was compared with data_end, and this is the branch on which the packet ends "
        "before it",
        (*_compared(failure), *history(failure, register)),
        f"a packet that ends at r{register}, or before",
        "read on the other branch, or turn the comparison round",
    )


def _compared(failure: Failure) -> tuple[Evidence, ...]:
    """The last comparison with the packet's end on the way here."""
    ends = {number for number in range(10) if _is_end(failure, number)}
    for step in failure.path[1:_FARTHEST]:
        if step.text.startswith("if ") and any(f"r{end} " in step.text for end in ends):
            return (Evidence(f"the comparison: {step.text}", step.slot),)
    return ()


def _is_end(failure: Failure, register: int) -> bool:
    value = failure.value(register)
    return value is not None and value.kind == "pkt_end"


RULE = Rule(
    code="RB-V075",
    title="The packet is read where it has ended",
    patterns=(r"R(?P<reg>\d\d?) offset is outside of the packet",),
    meaning=(
        "A comparison with data_end has two sides. On one of them the bytes are in the packet; on "
        "the other it is certain that they are not, and there the program reads them."
    ),
    reason=(
        "Behind a packet lies other memory of the kernel. Most often the comparison is the wrong "
        "way round, or a label stands in the wrong place."
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
