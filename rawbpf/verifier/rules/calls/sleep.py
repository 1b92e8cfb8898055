"""RB-V038: something that may sleep is called where nobody may."""

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
            f"a program that may sleep cannot be attached to {found['place']}",
            change="attach where that is allowed: at an LSM hook, or a function that errors can be "
            "injected into; or do without sleeping",
        )
    if found.get("maps") or found.get("prog"):
        return Finding(
            "a program of this kind, or with such a map, may not sleep",
            change="take the .s off the section, and the helpers that sleep out of the program",
        )
    name = failure.effect.name or found.get("call") or "what is called"
    return Finding(
        f"{name} may sleep, and this program may not",
        change='load it as a program that may sleep (a section such as "fentry.s/..."), or use a '
        "helper that does not wait, such as bpf_probe_read_user",
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
    title="Something that may sleep is called where nobody may sleep",
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
        "Some helpers wait: bpf_copy_from_user until a page is there. They may only "
        "be called by a program that was loaded as one that may sleep "
        "(BPF_F_SLEEPABLE; a section like fentry.s or lsm.s), and such a program can "
        "be attached only where the kernel can wait."
    ),
    reason=(
        "A probe may hit while a lock is held or an interrupt served. Whoever sleeps "
        "there takes the CPU with them."
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
