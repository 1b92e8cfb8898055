"""RB-V052: a tail call is made where the kernel does not allow one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(_: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    if found.get("bytes"):
        return Finding(
            f"the callers of the function with the tail call use {found['bytes']} bytes of stack, "
            "but the limit is 256",
            change="use less stack in the callers, or make the tail call from the main function",
        )
    if found.get("int"):
        return Finding(
            "the function with the tail call does not return int",
            change="make the function return int, like the program that replaces it",
        )
    if found.get("map"):
        return Finding("the PROG_ARRAY of the tail call is not the same map on all paths",
                       change="use one map on all paths to the call")  # fmt: skip
    return Finding(
        "this kernel cannot combine tail calls and function calls in this program",
        change="enable the JIT (net.core.bpf_jit_enable = 1), or inline the functions",
    )


RULE = Rule(
    code="RB-V052",
    title="Tail call not allowed here",
    patterns=(
        (
            r"tail_calls are not allowed when call stack of previous "
            r"frames is (?P<bytes>\d{1,9}) bytes"
        ),
        r"(?P<jit>tail_calls are not allowed in non-JITed programs)",
        r"(?P<int>tail_call is only allowed in functions that return 'int')",
        r"(?P<map>tail_call abusing map_ptr)",
        r"(?P<jit>mixing of tail_calls and bpf-to-bpf calls is not supported)",
        r"(?P<jit>tail_?calls? [^\n]{0,60}not (?:allowed|supported))",
    ),
    meaning=(
        "bpf_tail_call replaces the running program with another program from a PROG_ARRAY. "
        "If a function makes the tail call, the stack frames of its callers remain, so the "
        "callers may use at most 256 bytes. Such a call also needs a JIT that supports tail "
        "calls combined with function calls (since 5.10 on x86-64, since 6.0 on arm64)."
    ),
    reason=(
        "Up to 33 tail calls may follow one another, and the callers' frames remain each "
        "time. At 256 bytes each, these frames just fit on the kernel stack."
    ),
    examples=(),
    explain=_explain,
)
