"""RB-V040: a jump backwards where none is allowed, or recursion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    text = failure.text_at(failure.slot) or ""
    who = found.get("who")
    if who or text.startswith("call"):
        return Finding(
            f"the function {who} calls itself" if who else "a function calls itself",
            change="use a loop with a bound instead of the recursion",
        )
    to = int(found["to"] or 0)
    return Finding(
        f"the jump leads back, to {failure.place(to)}",
        change="load the program with CAP_BPF, which allows loops (5.3), or write the turns of the "
        "loop one behind the other (#pragma unroll)",
    )


RULE = Rule(
    code="RB-V040",
    title="A jump or a call leads backwards",
    patterns=(
        r"back-edge from insn (?P<slot>\d{1,9}) to (?P<to>\d{1,9})",
        r"(?P<deep>recursive call) from (?P<who>\w{1,128})",
    ),
    meaning=(
        "The verifier looks at the shape of the program first. A function that calls "
        "itself, directly or by way of others, is refused; and without CAP_BPF every "
        "jump backwards is."
    ),
    reason=(
        "How deep a recursion goes, and how often a loop runs, is only known when it "
        "happens. A loop can be walked through to its end, which costs the verifier "
        "time; for a recursion there is no stack."
    ),
    examples=(
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
