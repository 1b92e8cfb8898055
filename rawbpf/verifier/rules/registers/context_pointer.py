"""RB-V010: the context pointer was modified before its use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Example, Finding, Rule
from rawbpf.verifier.words import history, kind_words

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    words = match.groupdict()
    memory = failure.effect.memory
    register = int(words.get("reg") or (memory.base if memory is not None else 1))
    kind = words.get("type") or "ctx"
    what = kind_words(kind) if kind.isidentifier() else "a pointer"
    if words.get("off"):
        sentence = f"r{register} is {what} with offset {words['off']}, but the offset must be 0"
    else:
        sentence = f"an unknown number was added to r{register}, {what}"
    return Finding(
        sentence,
        history(failure, register),
        change="keep the original pointer, and pass it unchanged"
        if failure.effect.kind == "call"
        else "keep the original pointer, and put the offset into the load, as in *(u32 *)(r1 + 8)",
    )


RULE = Rule(
    code="RB-V010",
    title="Modified context pointer",
    patterns=(
        (
            r"dereference of modified (?P<type>\w+) ptr R(?P<reg>\d\d?) "
            r"off=(?P<off>-?\d{1,19}) disallowed"
        ),
        r"variable (?P<type>\S+) access var_off=\S+ \S+ disallowed",
        (
            r"(?:negative|variable) offset (?P<type>\w+) ptr R(?P<reg>\d\d?) "
            r"off=(?P<off>-?\d{1,19}) disallowed"
        ),
    ),
    meaning=(
        "A load from the context or from a kernel object must use the original pointer with "
        "a constant offset. A function that takes the context must receive the pointer that "
        "the program received."
    ),
    reason=(
        "The fields of the context are not stored at the offsets that the program uses. The "
        "kernel rewrites each load into a load from one of its own structures, so the "
        "kernel must know which field the program accesses."
    ),
    examples=(
        Example(
            '.program pick, "socket"\n        r2 = *(u32 *)(r1 + 0)\n        r2 &= 4\n'
            "        r1 += r2\n        r0 = *(u32 *)(r1 + 0)\n        exit\n",
            '.program pick, "socket"\n        r2 = *(u32 *)(r1 + 0)\n        r2 &= 4\n'
            "        r0 = *(u32 *)(r1 + 0)\n        if r2 == 0 goto out\n"
            "        r0 = *(u32 *)(r1 + 4)\nout:    exit\n",
        ),
    ),
    explain=_explain,
)
