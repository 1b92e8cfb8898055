"""RB-V033: bytes of the context that this program may not touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Example, Finding, Rule
from rawbpf.verifier.words import history

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    if not found.get("off"):
        number = f"argument {found['number']}" if found.get("number") else "such argument"
        return Finding(
            f"the function {found['func']} has no {number}"
            if found.get("func")
            else "the context has nothing there",
            change="read the arguments that it has: eight bytes each, from 0 on",
        )
    off, size = int(found["off"]), int(found["size"] or 0)
    memory = failure.effect.memory
    what, verb = ("written", "write") if failure.effect.kind == "store" else ("read", "read")
    kind = ""
    if failure.spec is not None:
        kind = failure.spec.prog_type.name.removeprefix("BPF_PROG_TYPE_").lower() + " "
    return Finding(
        f"the {size} bytes at offset {off} of the context cannot be {what} by this {kind}program",
        (
            Evidence(f"there is no field of {size} bytes at {off} that it may {verb}"),
            *(history(failure, memory.base) if memory is not None else ()),
        ),
        change="use the offset and the size of a field that this program type has, or a helper",
    )


RULE = Rule(
    code="RB-V033",
    title="The context is read or written where this program may not",
    patterns=(
        r"func '(?P<func>\w{1,128})' doesn't have (?P<number>\d{1,3})-th argument",
        r"invalid bpf_context access off=(?P<off>-?\d{1,9}) size=(?P<size>\d{1,9})",
        r"func '(?P<func>\w{1,128})' (?:doesn't have|arg\d{1,3} |size \d)",
        r"(?P<func>\w{0,128})invalid access to ctx",
    ),
    meaning=(
        "The context is the structure that the program type defines. The kernel "
        "translates each load and store of it into one of its own structures, field "
        "by field: the offset and size must be those of a field that this type may "
        "read, or write."
    ),
    reason=(
        "There is no such structure in memory, so there is nothing between the fields "
        "or behind them; and some fields mean something for other program types only, "
        "or are the kernel's to change."
    ),
    examples=(
        Example(
            '.program p, "tc"\n        r0 = *(u32 *)(r1 + 400)\n        exit\n',
            '.program p, "tc"\n        r0 = *(u32 *)(r1 + 0)\n        exit\n',
        ),
    ),
    explain=_explain,
)
