"""RB-V053: a dynptr that is none, or is not what is wanted."""

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
            f"{name} is given a dynptr that nothing has made",
            change="make it first, on every path to here: bpf_dynptr_from_mem, "
            "bpf_ringbuf_reserve_dynptr ...",
        )
    if found.get("lost"):
        return Finding(
            "the bytes of a dynptr that still holds something are overwritten",
            change="release it first (bpf_ringbuf_submit_dynptr), or store elsewhere",
        )
    if found.get("uninit"):
        return Finding(f"{name} is to make a dynptr where there is one already",
                       change="use other sixteen bytes, or release the first one")  # fmt: skip
    if found.get("type"):
        return Finding(f"{name} wants a dynptr of another kind: {found['type']}",
                       change="make it by the helper for that kind")  # fmt: skip
    if found.get("offset"):
        where = f"at r10{int(found['off']):+d}" if found.get("off") else "not where it begins"
        return Finding(
            f"{name} is given a dynptr {where}, and none can be there",
            change="give the address where it begins: sixteen bytes of the stack, aligned to 8",
        )
    if found.get("got"):
        register = int(found["reg"] or 0)
        return Finding(
            f"{name} wants a dynptr in r{register}, and gets {kind_words(found['got'])}",
            history(failure, register),
            change="give the address of a dynptr on the stack",
        )
    if found.get("at"):
        return Finding(
            f"{name} would write over the dynptr at r10{int(found['at']):+d}",
            change="give it other memory: the helpers for dynptrs alone may change one",
        )
    return Finding(f"a dynptr is not used as it must be: {found['other']}",
                   change="leave its bytes to the helpers for it")  # fmt: skip


RULE = Rule(
    code="RB-V053",
    title="A dynptr is not used as it must be",
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
        "A dynptr is sixteen bytes of the stack that hold an address, its size and "
        "its rights. Helpers make it (bpf_dynptr_from_mem, bpf_ringbuf_reserve_dynptr "
        "...), read and write through it, and release it if it holds something. The "
        "program may not touch the bytes."
    ),
    reason=(
        "The size is checked when the program runs, so that it need not be known "
        "before. That is only safe as long as nobody can forge a dynptr, or lose one "
        "that holds a record."
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
