"""RB-V032: a GPL-only function is called by a program with another license."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.patch import Patch
from rawbpf.verifier.rule import Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, _: re.Match[str]) -> Finding:
    from rawbpf.verifier.effect import effect

    called = effect(failure.text_at(failure.slot) or "").name or "this function"
    mine = (
        ""
        if failure.spec is None
        else (f", but this program's licence is {failure.spec.license!r}")
    )
    return Finding(
        f"{called} is only for programs with a GPL-compatible licence{mine}",
        change=(
            'declare a GPL-compatible licence, such as "Dual MIT/GPL", if you may license '
            "the program this way"
        ),
    )


def _repair(_: Failure, __: re.Match[str]) -> Patch:
    return Patch("declare a GPL-compatible licence", license="Dual MIT/GPL")


RULE = Rule(
    code="RB-V032",
    title="GPL-only function called by a non-GPL program",
    patterns=(
        r"cannot call GPL-restricted function from non-GPL compatible program",
        r"cannot call kernel function from non-GPL compatible program",
        r"[Ss]truct ops programs must have a GPL compatible license",
    ),
    meaning=(
        "The kernel allows some helpers, and all kernel functions (kfuncs), only in programs whose "
        'licence is compatible with the GPL: "GPL", "Dual MIT/GPL", "Dual BSD/GPL" and a few '
        "others."
    ),
    reason=(
        "The authors of these functions released them under the GPL. A program that calls them is "
        "part of the kernel while it runs."
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
