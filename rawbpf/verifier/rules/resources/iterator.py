"""RB-V054: an open-coded iterator that was not begun, or begun twice."""

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
            f"{name} is given an iterator at r10{int(found['offset']):+d}, and none can be there",
            change="give the address where it begins: in the stack frame, and aligned to 8 bytes",
        )
    if found.get("stack"):
        return Finding(f"{name} wants an iterator on the stack",
                       change="give the address of a variable in the function")  # fmt: skip
    if found.get("init"):
        return Finding(
            f"{name} is given an iterator that was not begun",
            change=f"call bpf_iter_{kind}_new first, on every path to here",
        )
    if found.get("uninit"):
        return Finding(
            f"{name} is to begin an iterator where there is one already",
            change=f"end that one first (bpf_iter_{kind}_destroy), or use another variable",
        )
    return Finding(f"an iterator is not used as it must be: {found['other']}",
                   change="begin it, advance it, end it, in this order")  # fmt: skip


RULE = Rule(
    code="RB-V054",
    title="An iterator is not used as it must be",
    patterns=(
        r"cannot pass in iter at an offset=?(?P<offset>-?\d{1,9})",
        r"expected (?P<stack>pointer to an iterator on stack)",
        r"expected an (?P<init>initialized) iter_(?P<kind>\w{1,40}) as",
        r"expected (?P<uninit>uninitialized) iter_(?P<kind>\w{1,40}) as",
        r"(?P<other>[^\n]{0,60}\b(?:iter_\w{1,40}|iterator)[^\n]{0,80})",
    ),
    meaning=(
        "An open-coded iterator lives on the stack. bpf_iter_KIND_new begins it, "
        "bpf_iter_KIND_next gives an element or NULL, bpf_iter_KIND_destroy ends it: "
        "in this order, the last on every path."
    ),
    reason=(
        "An iterator may hold memory, references or an RCU section, and the verifier "
        "walks through the loop once, trusting that the iterator ends it."
    ),
    examples=(),
    explain=_explain,
    since="6.4",
)
