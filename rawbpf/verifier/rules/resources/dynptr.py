"""RB-V053: a dynptr is missing, uninitialized, or used incorrectly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Example, Finding, Rule
from rawbpf.verifier.words import history, kind_words

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    name = failure.effect.name or "the function"
    if found.get("init"):
        return Finding(
            f"{name} is passed a dynptr that was not initialized",
            change=(
                "initialize the dynptr first on every path, for example with "
                "bpf_dynptr_from_mem or bpf_ringbuf_reserve_dynptr"
            ),
        )
    if found.get("lost"):
        return Finding(
            "the bytes of a dynptr that still holds a reference are overwritten",
            change="release the dynptr first (bpf_ringbuf_submit_dynptr), or write to other bytes",
        )
    if found.get("uninit"):
        return Finding(
            f"{name} would initialize a dynptr that is already initialized",
            change="use 16 other bytes of the stack, or release the first dynptr",
        )
    if found.get("type"):
        return Finding(
            f"{name} expects a dynptr of type {found['type']}",
            change="create the dynptr with the function for this type",
        )
    if found.get("offset"):
        where = f" at r10{int(found['off']):+d}" if found.get("off") else ""
        return Finding(
            f"the address passed to {name} is not the start of a dynptr: no dynptr exists{where}"
            if where
            else f"the address passed to {name} is not the start of a dynptr",
            change="pass the start of the dynptr: 16 bytes of stack, aligned to 8 bytes",
        )
    if found.get("got"):
        register = int(found["reg"] or 0)
        return Finding(
            f"{name} expects a dynptr in r{register}, but gets {kind_words(found['got'])}",
            history(failure, register),
            change="pass the address of a dynptr on the stack",
        )
    if found.get("at"):
        return Finding(
            f"{name} would overwrite the dynptr at r10{int(found['at']):+d}",
            change="pass other memory, because only dynptr functions may change a dynptr",
        )
    return Finding(
        f"a dynptr is used incorrectly: {found['other']}",
        change="change a dynptr only with the functions for dynptrs",
    )


RULE = Rule(
    code="RB-V053",
    title="Invalid use of a dynptr",
    patterns=(
        r"(?P<offset>cannot pass in dynptr at an offset)(?:=(?P<off>-?\d{1,9}))?",
        r"R(?P<reg>\d) type=(?P<got>\w{1,60}) expected=[^\n]{0,80}\bdynptr_ptr",
        r"potential write to dynptr at off=(?P<at>-?\d{1,9})",
        r"[Ee]xpected an (?P<init>initialized dynptr) as (?:arg #|R)?(?P<arg>\d)",
        r"(?P<lost>[Cc]annot overwrite referenced dynptr)",
        r"[Dd]ynptr has to be an (?P<uninit>uninitialized dynptr)",
        r"(?P<uninit>[Ee]xpected uninitialized dynptr)",
        r"[Ee]xpected a dynptr of type (?P<type>\w{1,40})",
        r"(?P<other>[^\n]{0,80}[dD]ynptr[^\n]{0,80})",
    ),
    meaning=(
        "A dynptr is a 16-byte object on the stack that contains a pointer, the size of its "
        "memory and the access rights. Functions such as bpf_dynptr_from_mem and "
        "bpf_ringbuf_reserve_dynptr initialize a dynptr, other functions access memory "
        "through it, and a dynptr that holds a reference must be released. The program may "
        "not access these 16 bytes itself."
    ),
    reason=(
        "The size is checked at run time, so the verifier does not need to know it. This is "
        "safe only if a program can neither forge a dynptr nor lose a dynptr that holds a "
        "reference."
    ),
    examples=(
        Example(
            '.program p, "tc"\n        r1 = r10\n        r1 += -24\n'
            "        r2 = 8\n        r3 = r10\n        r3 += -16\n        r4 = 0\n"
            "        r5 = 0\n        call dynptr_read\n        exit\n",
            '.data\nmemory: .zero 16\n.program p, "tc"\n        r1 = memory ll\n'
            "        r2 = 16\n        r3 = 0\n        r4 = r10\n        r4 += -16\n"
            "        call dynptr_from_mem\n        r1 = r10\n        r1 += -24\n"
            "        r2 = 8\n        r3 = r10\n        r3 += -16\n        r4 = 0\n"
            "        r5 = 0\n        call dynptr_read\n        exit\n",
            since="5.19",
        ),
    ),
    explain=_explain,
    since="5.19",
)
