"""RB-V021: allowed to those with more rights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(_failure: Failure, match: re.Match[str]) -> Finding:
    capability = match.groupdict().get("cap") or "CAP_BPF, and CAP_PERFMON for tracing"
    return Finding(
        "this is allowed only to those with more rights",
        change=f"run it with {capability}; `rawbpf doctor` shows which you have",
    )


RULE = Rule(
    code="RB-V021",
    title="Needs more rights",
    patterns=(
        r"allowed for (?P<cap>CAP_\w+(?: and CAP_\w+)?|root only|priv\w* \w+)",
        r"requires (?P<cap>CAP_\w+)",
        r"prohibited for !root",
        r"only allowed for (?P<cap>CAP_\w+|root)",
    ),
    meaning=(
        "Without CAP_BPF a program may do little: no calls of its own functions, no loops, no "
        "arithmetic that could be misused by guessing branches. Reading the kernel's memory needs "
        "CAP_PERFMON besides."
    ),
    reason=(
        "Programs of anybody run in the kernel; some attacks (Spectre) need no more than a clever "
        "program. Most distributions do not let the unprivileged load any at all."
    ),
    examples=(),  # root may do all of it
    explain=_explain,
)
