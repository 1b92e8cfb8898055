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
    who, by = found.get("who"), found.get("by")
    if who is not None or text.startswith("call"):
        return Finding(
            f"the function {who} calls itself" if who and who == by
            else f"the function {by} calls {who}, by which it was called" if who and by
            else "a function calls itself, or one by which it was called",
            change="use a loop with a bound instead of the recursion",
        )  # fmt: skip
    to = int(found["to"] or 0)
    if not text:
        return Finding(
            f"a jump or a call leads back, to {failure.place(to)}",
            change="let no function call itself, not even by way of others; jumps may lead back "
            "where the program is loaded with CAP_BPF",
        )
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
        # since 7.0; without types, functions have no names
        r"recursive call from (?P<by>\w{0,128})\(\) to (?P<who>\w{0,128})\(\)",
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
