"""RB-V040: a jump goes backward where loops are not allowed, or a function calls itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    text = failure.text_at(failure.slot) or ""
    who, by = found.get("who"), found.get("by")
    if who is not None or text.startswith("call"):
        return Finding(
            f"the function {who} calls itself" if who and who == by
            else f"the function {by} calls {who}, which is one of its callers" if who and by
            else "a function calls itself or one of its callers",
            change="replace the recursion with a bounded loop",
        )  # fmt: skip
    to = int(found["to"] or 0)
    if not text:
        return Finding(
            f"a jump or a call goes back to {failure.place(to)}",
            change="remove the recursion, or, if it is a loop, load the program with CAP_BPF",
        )
    return Finding(
        f"the jump goes back to {failure.place(to)}",
        change="load the program with CAP_BPF, which allows loops (since 5.3), or unroll the loop "
        "(#pragma unroll)",
    )


RULE = Rule(
    code="RB-V040",
    title="Backward jump or recursion",
    patterns=(
        r"back-edge from insn (?P<slot>\d{1,9}) to (?P<to>\d{1,9})",
        # since 7.0; functions have no names unless the program has BTF
        r"recursive call from (?P<by>\w{0,128})\(\) to (?P<who>\w{0,128})\(\)",
    ),
    meaning=(
        "Before the verifier follows paths, it checks the structure of the program. The "
        "verifier rejects any function that calls itself, directly or through other "
        "functions. Without CAP_BPF, it also rejects every backward jump."
    ),
    reason=(
        "The depth of recursion and the number of loop iterations are known only at run "
        "time. The verifier can follow a loop to its end, although this takes time. "
        "Recursion, however, could overflow the stack."
    ),
    examples=(
        Example(
            '.program p, "socket"\n        r0 = 0\nl: r0 += 1\n        if r0 != 3 goto l\n'
            "        exit\n",
            '.program p, "socket"\n        r0 = 0\n        r0 += 1\n        r0 += 1\n'
            "        r0 += 1\n        exit\n",
            without=("CAP_BPF", "CAP_PERFMON"),
        ),
        Example(
            '.program p, "tc"\n        call f\n        exit\n.function f\n'
            "        call f\n        exit\n",
            '.program p, "tc"\n        call f\n        exit\n.function f\n'
            "        r0 = 0\n        exit\n",
            until="6.1",
        ),
    ),
    explain=_explain,
)
