"""RB-V024: memory does not support an atomic operation or the store of a constant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Example, Finding, Rule
from rawbpf.verifier.words import kind_words

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(_failure: Failure, match: re.Match[str]) -> Finding:
    atomic = match["kind"] != "BPF_ST"
    what = "atomic operations" if atomic else "stores of a constant"
    change = (
        "use a load, an arithmetic instruction and a store"
        if atomic
        else "put the constant in a register, and store the register"
    )
    return Finding(
        f"{what} through r{match['reg']}, {kind_words(match['type'])}, are not allowed",
        change=change,
    )


RULE = Rule(
    code="RB-V024",
    title="Atomic or constant store not allowed",
    patterns=(
        (
            r"(?P<kind>BPF_ATOMIC|BPF_XADD|BPF_ST) (?:stores|loads) (?:into|from) R(?P<reg>\d\d?) "
            r"(?P<type>\w*) is not allowed"
        ),
    ),
    meaning=(
        "Atomic operations work on memory that several CPUs can share, such as map values "
        "and ring buffer records, and on the stack. The context, packets and sockets "
        "support only plain stores. Before 6.4, the context supports only stores from a "
        "register."
    ),
    reason=(
        "The kernel rewrites each access to the context into an access to one of its own "
        "structures, and it cannot do that for atomic operations."
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
