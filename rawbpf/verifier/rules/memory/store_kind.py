"""RB-V024: a kind of store that this memory does not take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Example, Finding, Rule
from rawbpf.verifier.words import kind_words

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(_failure: Failure, match: re.Match[str]) -> Finding:
    atomic = match["kind"] != "BPF_ST"
    what = "atomic operations are" if atomic else "stores of a constant are"
    change = (
        "load, compute and store" if atomic else "put the constant into a register, and store that"
    )
    return Finding(
        f"{what} not done on {kind_words(match['type'])}, which is in r{match['reg']}",
        change=change,
    )


RULE = Rule(
    code="RB-V024",
    title="A kind of store that this memory does not take",
    patterns=(
        (
            r"(?P<kind>BPF_ATOMIC|BPF_XADD|BPF_ST) (?:stores|loads) (?:into|from) R(?P<reg>\d\d?) "
            r"(?P<type>\w*) is not allowed"
        ),
    ),
    meaning=(
        "Atomic operations work on memory that others see too: values of maps, records, the stack "
        "for want of others. The context, the packet and sockets take only plain stores, the "
        "context "
        "until 6.4 only such from a register."
    ),
    reason=(
        "The kernel rewrites each access to the context into one of its own structures, and has no "
        "rewriting for an atomic one."
    ),
    examples=(
        Example(
            '.program add, "socket"\n        r2 = 1\n        lock *(u64 *)(r1 + 0) += r2\n'
            "        r0 = 0\n        exit\n",
            '.program add, "socket"\n        r2 = 1\n        *(u64 *)(r10 - 8) = r2\n'
            "        lock *(u64 *)(r10 - 8) += r2\n        r0 = 0\n        exit\n",
        ),
    ),
    explain=_explain,
)
