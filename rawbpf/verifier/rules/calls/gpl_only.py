"""RB-V032: a helper for GPL programs is called under another licence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.patch import Patch
from rawbpf.verifier.rule import Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, _: re.Match[str]) -> Finding:
    from rawbpf.verifier.effect import effect

    called = effect(failure.text_at(failure.slot) or "").name or "what is called"
    mine = "" if failure.spec is None else f", and this one's is {failure.spec.license!r}"
    return Finding(
        f"{called} is for programs under the GPL{mine}",
        change='declare one that is compatible, such as "Dual MIT/GPL", if that is yours to do',
    )


def _repair(_: Failure, __: re.Match[str]) -> Patch:
    return Patch("declare a licence that is compatible", license="Dual MIT/GPL")


RULE = Rule(
    code="RB-V032",
    title="A function for GPL programs is called by a program with another licence",
    patterns=(
        r"cannot call GPL-restricted function from non-GPL compatible program",
        r"cannot call kernel function from non-GPL compatible program",
        r"[Ss]truct ops programs must have a GPL compatible license",
    ),
    meaning=(
        "The kernel lends some of its helpers, and all of its own functions, only to "
        'programs whose licence is compatible with the GPL: "GPL", "Dual MIT/GPL", '
        '"Dual BSD/GPL" and a few more.'
    ),
    reason=(
        "Whoever wrote these functions gave them to software under the same licence. "
        "A program that uses them is a part of the kernel while it runs."
    ),
    examples=(
        Example(
            '.license "Proprietary"\n.program p, "kprobe"\n'
            "        call get_current_task\n        exit\n",
            '.license "Dual MIT/GPL"\n.program p, "kprobe"\n'
            "        call get_current_task\n        exit\n",
        ),
    ),
    explain=_explain,
    repair=_repair,
)
