"""RB-V055: a kernel function (kfunc) may not be called, or is called with wrong arguments."""

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
            change="call another function, or use another program type",
        )
    name = failure.effect.name or "the kernel function"
    if found.get("release"):
        return Finding(
            f"{found['release']} is passed a pointer that the program does not own",
            history(failure, 1),
            change="acquire a reference first, and check it for NULL",
        )
    if found.get("null"):
        return Finding(f"{name} is passed a pointer that may be NULL",
                       change="check the pointer for NULL before the call")  # fmt: skip
    if found.get("trust"):
        return Finding(
            f"{name} needs a trusted pointer: {found['trust']}",
            change=(
                "use an argument of the program or the result of an acquiring function, not "
                "a pointer read from another structure; use RCU pointers only inside an RCU "
                "read-side critical section"
            ),
        )
    if found.get("missing"):
        return Finding(
            f"the called kernel function does not exist: {found['missing']}",
            change=(
                "look up the function in this kernel (`rawbpf btf show NAME`), or declare "
                "it __weak and check bpf_ksym_exists() before the call"
            ),
        )
    said = found.get("arg") or found.get("other") or ""
    return Finding(
        f"{name} is called incorrectly: {said}",
        change="compare the arguments with the function's prototype (`rawbpf btf show NAME`)",
    )


RULE = Rule(
    code="RB-V055",
    title="Invalid call to a kernel function (kfunc)",
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
        "A program calls a kernel function by its BTF ID. The kernel defines which program "
        "types may call the function. The function's types and flags define the "
        "requirements for each argument: for example, a trusted pointer, a pointer that the "
        "program owns, a pointer that is not NULL, or a constant."
    ),
    reason=(
        "The kernel itself uses these functions. Kernel functions trust their arguments, so "
        "the verifier must check the arguments at each call."
    ),
    examples=(),
    explain=_explain,
    since="5.13",
)
