"""RB-V033: a program accesses context bytes that its program type may not access."""

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
            f"function {found['func']} has no {number}"
            if found.get("func")
            else "the context has no field at this offset",
            change=(
                "read an argument that exists: each argument is eight bytes long, and the "
                "first is at offset 0"
            ),
        )
    off, size = int(found["off"]), int(found["size"] or 0)
    memory = failure.effect.memory
    verb, able = ("write", "writable") if failure.effect.kind == "store" else ("read", "readable")
    kind = ""
    if failure.spec is not None:
        kind = failure.spec.prog_type.name.removeprefix("BPF_PROG_TYPE_").lower() + " "
    return Finding(
        f"this {kind}program cannot {verb} {size} bytes at offset {off} of the context",
        (
            Evidence(f"this program type has no {able} {size}-byte field at offset {off}"),
            *(history(failure, memory.base) if memory is not None else ()),
        ),
        change="use the offset and size of a field of this program type, or call a helper",
    )


RULE = Rule(
    code="RB-V033",
    title="Invalid context access",
    patterns=(
        r"func '(?P<func>\w{1,128})' doesn't have (?P<number>\d{1,3})-th argument",
        r"invalid bpf_context access off=(?P<off>-?\d{1,9}) size=(?P<size>\d{1,9})",
        r"func '(?P<func>\w{1,128})' (?:doesn't have|arg\d{1,3} |size \d)",
        r"(?P<func>\w{0,128})invalid access to ctx",
    ),
    meaning=(
        "The context is a structure that the program type defines. The kernel translates "
        "each access to a field of the context into an access to one of its own structures. "
        "The offset and size must therefore match a field that this program type may read "
        "or write."
    ),
    reason=(
        "The program sees a virtual layout of the context, so there is no memory to access "
        "between its fields or past its end. Some fields have a meaning only for other "
        "program types, and some may only be changed by the kernel."
    ),
    examples=(
        Example(
            '.program p, "tc"\n        r0 = *(u32 *)(r1 + 400)\n        exit\n',
            '.program p, "tc"\n        r0 = *(u32 *)(r1 + 0)\n        exit\n',
        ),
    ),
    explain=_explain,
)
