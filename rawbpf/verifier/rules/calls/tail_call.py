"""RB-V052: a tail call where none can be made."""

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
            f"the callers of the function with the tail call use {found['bytes']} bytes of stack; "
            "256 are allowed",
            change="use less stack in them, or make the tail call from the program itself",
        )
    if found.get("int"):
        return Finding("the function with the tail call does not return int",
                       change="let it return int, as the program does that it becomes")  # fmt: skip
    if found.get("map"):
        return Finding("the PROG_ARRAY of a tail call is not always the same map",
                       change="use one map on all paths to the call")  # fmt: skip
    return Finding(
        "this kernel cannot mix tail calls and functions of the program here",
        change="turn the JIT on (net.core.bpf_jit_enable = 1), or make the functions inline",
    )


RULE = Rule(
    code="RB-V052",
    title="A tail call is made where none can be",
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
        "bpf_tail_call replaces the function that runs by a program from a "
        "PROG_ARRAY. Called from a function of the program, it leaves the callers' "
        "frames on the stack, so that those may use 256 bytes at most; and it needs a "
        "JIT that can do both (5.10 on x86-64, 6.0 on arm64)."
    ),
    reason=(
        "Tail calls may follow each other 33 times, and each time the callers' frames "
        "stay: 33 times 256 bytes is what the kernel's stack can bear."
    ),
    examples=(),
    explain=_explain,
)
