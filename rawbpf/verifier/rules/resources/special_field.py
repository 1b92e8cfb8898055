"""RB-V072: a timer, a kptr or another special field is missing or used incorrectly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Example, Finding, Rule
from rawbpf.verifier.words import history

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    if found.get("map"):
        return Finding(
            f"map {found['map']} has no BTF that describes its {found['what']}",
            history(failure, 1),
            change="declare the value with __type() as a C structure that has this member",
        )
    if found.get("away"):
        return Finding(
            f"the map value has no {found['what']} at offset {found['away']}",
            history(failure, 1),
            change="pass the address of this member",
        )
    return Finding(
        f"a special field is used incorrectly: {match['said']}",
        change="describe the map value with BTF, and pass the address of the member to the helper",
    )


RULE = Rule(
    code="RB-V072",
    title="Invalid use of a timer, kptr or other special field",
    patterns=(
        (
            r"map '(?P<map>[^'\n]{1,40})' (?:has to|must) have BTF in order to use "
            r"(?P<what>\w{1,60})"
        ),
        r"off (?P<away>-?\d{1,20}) doesn't point to '?struct (?P<what>\w{1,60})",
        (
            r"(?P<said>map '[^'\n]{0,40}' (?:has no valid|has to "
            r"have BTF|must have BTF|doesn't have|has more than one|is not a struct)[^\n]{0,80})"
        ),
        r"(?P<said>off -?\d{1,20} doesn't point to[^\n]{0,80})",
        r"(?P<said>R\d\d? doesn't have constant offset[^\n]{0,80})",
        (
            r"(?P<said>[^\n]{0,60}(?:kptr|bpf_timer|bpf_wq|bpf_list_head|bpf_rb_root|bpf_task_wor"
            r"k|bpf_refcount)[^\n]{0,100})"
        ),
        r"(?P<said>[^\n]{0,60}(?:graph|rbtree|list)_?(?:root|node|head)[^\n]{0,80})",
    ),
    meaning=(
        "A map value may have special members that the kernel manages: struct bpf_timer, bpf_wq, "
        "bpf_list_head, and pointers marked __kptr. A program may access these members "
        "only through the functions intended for them, at the member's own offset, in a "
        "map whose BTF describes the members."
    ),
    reason=(
        "When a map entry is deleted, the kernel frees the objects that its special members "
        "hold. If a program overwrote such a member, or passed a wrong address, the kernel "
        "would follow an invalid pointer."
    ),
    examples=(
        Example(
            '.license "GPL"\n.map m, array, key=u32, value=16, entries=1\n'
            '.program p, "tc"\n        *(u32 *)(r10 - 4) = 0\n        r1 = m ll\n'
            "        r2 = r10\n        r2 += -4\n        call map_lookup_elem\n"
            "        if r0 == 0 goto out\n        r1 = r0\n        r2 = m ll\n"
            "        r3 = 0\n        call timer_init\nout: r0 = 0\n        exit\n",
            '.license "GPL"\n.map m, array, key=u32, value=16, entries=1\n'
            '.program p, "tc"\n        *(u32 *)(r10 - 4) = 0\n        r1 = m ll\n'
            "        r2 = r10\n        r2 += -4\n        call map_lookup_elem\n"
            "        if r0 == 0 goto out\nout: r0 = 0\n        exit\n",
            since="5.15",
        ),
    ),
    explain=_explain,
    general=True,
    since="5.15",
)
