"""RB-V054: an open-coded iterator is not initialized, or is initialized twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    name = failure.effect.name or "the function"
    kind = found.get("kind")
    if found.get("offset"):
        return Finding(
            f"the address passed to {name}, r10{int(found['offset']):+d}, cannot be an iterator",
            change="pass the start of the iterator, on the stack and aligned to 8 bytes",
        )
    if found.get("stack"):
        return Finding(
            f"{name} expects a pointer to an iterator on the stack",
            change="pass the address of a local variable",
        )
    if found.get("init"):
        return Finding(
            f"{name} is passed an iterator that was not initialized",
            change=f"call bpf_iter_{kind}_new first, on every path to this call",
        )
    if found.get("uninit"):
        return Finding(
            f"{name} would initialize an iterator that is already initialized",
            change=(
                f"destroy the first iterator (bpf_iter_{kind}_destroy), or use another variable"
            ),
        )
    return Finding(
        f"an iterator is used incorrectly: {found['other']}",
        change="initialize, advance and destroy the iterator, in this order",
    )


RULE = Rule(
    code="RB-V054",
    title="Invalid use of an iterator",
    patterns=(
        r"cannot pass in iter at an offset=?(?P<offset>-?\d{1,9})",
        r"expected (?P<stack>pointer to an iterator on stack)",
        r"expected an (?P<init>initialized) iter_(?P<kind>\w{1,40}) as",
        r"expected (?P<uninit>uninitialized) iter_(?P<kind>\w{1,40}) as",
        r"(?P<other>[^\n]{0,60}\b(?:iter_\w{1,40}|iterator)[^\n]{0,80})",
    ),
    meaning=(
        "An open-coded iterator is an object on the stack. bpf_iter_KIND_new initializes "
        "it, bpf_iter_KIND_next returns an element or NULL, and bpf_iter_KIND_destroy "
        "destroys it. The program must make these calls in this order, and must destroy the "
        "iterator on every path."
    ),
    reason=(
        "An iterator may hold memory, references or the RCU read lock. The verifier follows "
        "the loop body once and relies on the iterator to end the loop."
    ),
    examples=(),
    explain=_explain,
    since="6.4",
)
