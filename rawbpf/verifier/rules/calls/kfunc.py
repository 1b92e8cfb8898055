"""RB-V055: a kernel function is called that may not be, or with the wrong arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Finding, Rule
from rawbpf.verifier.words import history

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    if found.get("denied"):
        return Finding(
            f"programs of this type may not call the kernel function {found['denied']}",
            change="use another program type, or another function",
        )
    name = failure.effect.name or "the kernel function"
    if found.get("release"):
        return Finding(
            f"{found['release']} is given something that the program does not own",
            history(failure, 1),
            change="own it first, by the function that acquires one, and check that for NULL",
        )
    if found.get("null"):
        return Finding(f"{name} is given a pointer that may be NULL",
                       change="compare it with 0 first")  # fmt: skip
    if found.get("trust"):
        return Finding(
            f"{name} wants a pointer that the kernel vouches for: {found['trust']}",
            change="get it from the kernel as an argument or by an acquiring function, not by "
            "following other pointers; inside of an RCU section if it is one for RCU",
        )
    if found.get("missing"):
        return Finding(
            f"the call is of a kernel function that is not there: {found['missing']}",
            change="look it up in this kernel: `rawbpf btf show NAME`; or declare it __weak and "
            "ask first: bpf_ksym_exists()",
        )
    said = found.get("arg") or found.get("other") or ""
    return Finding(
        f"{name} cannot be called like this: {said}",
        change="compare the arguments with the function's prototype: `rawbpf btf show NAME`",
    )


RULE = Rule(
    code="RB-V055",
    title="A kernel function (kfunc) is called as it cannot be",
    patterns=(
        r"calling kernel function (?P<denied>\S{1,128}) is not allowed",
        r"release (?:kernel function|kfunc) (?P<release>\w{1,128}) expects",
        r"(?P<arg>(?:kernel function|kfunc) \w{1,128} (?:args?|R)#?\d[^\n]{0,120})",
        r"(?P<arg>R\d pointer type \w{1,20} \w{1,80} must point[^\n]{0,80})",
        (
            r"(?P<arg>[aA]rg#?\d [^\n]{0,80}(?:must|expected|is neither|doesn't|points "
            r"to)[^\n]{0,80})"
        ),
        (
            r"(?P<trust>R\d\d? must be (?:referenced or trusted|referenced|a "
            r"rcu pointer|trusted)[^\n]{0,40})"
        ),
        r"(?P<null>(?:[Pp]ossibly NULL pointer passed to trusted) \w{1,6})",
        (
            r"(?P<other>(?:invalid kernel function |JIT does "
            r"not support calling (?:kernel function|kfunc)|calling "
            r"invalid kernel function|kfunc|negative offset disallowed for "
            r"kernel module function)[^\n]{0,80})"
        ),
        (
            r"(?P<missing>(?:kernel btf_id \d{1,10} is not a function|cannot find address for "
            r"kernel function|failed to find BTF for kernel function)[^\n]{0,80})"
        ),
    ),
    meaning=(
        "A kernel function is called by its BTF id. Which program types may call it "
        "is in the kernel's sets; what each argument must be, its types and the flags "
        "of the function say: a trusted pointer, one that the program owns, one that "
        "is not NULL, a constant."
    ),
    reason=(
        "These are functions that the kernel itself uses. They believe what they are "
        "given, so the verifier has to."
    ),
    examples=(),
    explain=_explain,
    since="5.13",
)
