"""RB-V074: a packet's memory goes to a helper that may not have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, _: re.Match[str]) -> Finding:
    name = failure.effect.name or "the helper"
    return Finding(
        f"{name} may not be given a pointer into the packet",
        change="copy the bytes to the stack (bpf_skb_load_bytes, bpf_xdp_load_bytes), or back",
    )


_BEGIN = """\
.license "GPL"
.program say, "tc"
        r2 = *(u32 *)(r1 + 76)              ; data
        r3 = *(u32 *)(r1 + 80)              ; data_end
        r4 = r2
        r4 += 8
        if r4 > r3 goto out
"""
_END = "out:    r0 = 0\n        exit\n"

RULE = Rule(
    code="RB-V074",
    title="A helper may not be given memory of the packet",
    patterns=(
        r"helper access to the packet is not allowed",
        r"(?P<clear>clone|packet) (?:access|data) [^\n]{0,40}not allowed",
    ),
    meaning=(
        "Few helpers and program types may read or write a packet directly through a "
        "pointer to it. Others want the data on the stack or in a map."
    ),
    reason=(
        "A packet may be shared, or lie in pieces. Only where the program may write "
        "to it, or the helper only reads, is a pointer to it as good as any other."
    ),
    examples=(
        Example(
            _BEGIN + "        r1 = r2\n        r2 = 8\n        call trace_printk\n" + _END,
            _BEGIN + "        r0 = *(u64 *)(r2 + 0)\n        *(u64 *)(r10 - 8) = r0\n"
            "        r1 = r10\n        r1 += -8\n        r2 = 8\n        call trace_printk\n"
            + _END,
        ),
    ),
    explain=_explain,
)
