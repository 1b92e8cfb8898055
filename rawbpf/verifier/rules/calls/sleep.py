"""RB-V038: a function that may sleep is called where sleeping is not allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    if found.get("place"):
        return Finding(
            f"a sleepable program cannot be attached to {found['place']}",
            change=(
                "attach the program to an LSM hook or to a function that allows error "
                "injection, or load it as non-sleepable"
            ),
        )
    if found.get("maps") or found.get("prog"):
        return Finding(
            "this program type, or a map that it uses, does not support sleepable programs",
            change="remove .s from the section name, and do not call helpers that may sleep",
        )
    call = found.get("call") or ""
    name = failure.effect.name or (call if call and " " not in call else "the called function")
    return Finding(
        f"{name} may sleep, but this program is not sleepable"
        if "prog" in match[0]
        else f"{name} may sleep, but sleeping is not allowed here",
        change='load the program as sleepable (in a section such as "fentry.s/..."), or call a '
        "function that does not sleep, such as bpf_probe_read_user",
    )


_COPY = """\
        r1 = r10
        r1 += -8
        r2 = 8
        r3 = 0
        call copy_from_user
        r0 = 0
        exit
"""

RULE = Rule(
    code="RB-V038",
    title="Call that may sleep in a non-sleepable context",
    patterns=(
        # until 6.16, then since 6.17
        r"(?P<call>helper call) might sleep in a non-sleepable prog",
        r"sleepable (?:helper|kfunc) (?P<call>\S{1,80}) in non-sleepable (?:prog|context)",
        r"program must be sleepable to call sleepable kfunc (?P<call>\w{1,128})",
        r"(?P<call>global functions that may sleep) are not allowed in non-sleepable context",
        r"(?P<place>\w{1,128}) is not sleepable",
        r"(?P<maps>Sleepable programs can only use)",
        r"(?P<prog>Only \w[^\n]{1,100} can be sleepable)",
        r"(?P<prog>Program of this type cannot be sleepable)",
    ),
    meaning=(
        "Some helpers may sleep: bpf_copy_from_user, for example, waits until a page is in "
        "memory. Only a program that was loaded as sleepable (with BPF_F_SLEEPABLE, or from "
        "a section such as fentry.s or lsm.s) may call these helpers. A sleepable program "
        "can be attached only where the kernel may sleep."
    ),
    reason=(
        "A probe may run while the kernel holds a lock or handles an interrupt. Sleeping in "
        "such a context could block the CPU."
    ),
    examples=(
        Example(
            '.program p, "uprobe.s"\n        r0 = 0\n        exit\n',
            '.program p, "uprobe"\n        r0 = 0\n        exit\n',
            until="5.19",
        ),
        Example(
            '.license "GPL"\n.program p, "uprobe"\n' + _COPY,
            '.license "GPL"\n.program p, "uprobe.s"\n' + _COPY,
            since="6.0",
        ),
    ),
    explain=_explain,
)
