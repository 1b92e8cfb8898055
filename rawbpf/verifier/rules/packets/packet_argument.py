"""RB-V074: a pointer into the packet is passed to a helper that does not accept packet pointers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, _: re.Match[str]) -> Finding:
    name = failure.effect.name or "the helper"
    return Finding(
        f"{name} does not accept a pointer into the packet",
        change="pass a copy on the stack (bpf_skb_load_bytes, bpf_xdp_load_bytes)",
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
    title="Packet pointer not allowed as an argument",
    patterns=(
        r"helper access to the packet is not allowed",
        r"(?P<clear>clone|packet) (?:access|data) [^\n]{0,40}not allowed",
    ),
    meaning=(
        "Only some helpers and program types may access a packet directly through a "
        "pointer. Other helpers need the data on the stack or in a map."
    ),
    reason=(
        "A packet may be shared with other code or consist of several fragments. A helper "
        "therefore accepts a packet pointer only if the kernel declares the helper safe for "
        "packet memory (pkt_access)."
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
