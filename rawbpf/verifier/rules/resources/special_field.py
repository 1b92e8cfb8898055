"""RB-V072: a timer, kptr, list or the like is not where it should be."""

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
            f"map {found['map']} has no types (BTF) that say where its {found['what']} is",
            history(failure, 1),
            change="describe the value by a C structure with that member, and the map by __type()",
        )
    if found.get("away"):
        return Finding(
            f"{found['away']} bytes into the map's value there is no {found['what']}",
            history(failure, 1),
            change="give the address of that very member",
        )
    return Finding(
        f"a member that the kernel looks after is not used as it must be: {match['said']}",
        change="describe the map's value by BTF, and give the helper the address of that member",
    )


RULE = Rule(
    code="RB-V072",
    title="A timer, a kptr or another special field is not used as it must be",
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
        "A map's value may have members that the kernel looks after: struct "
        "bpf_timer, bpf_wq, bpf_list_head, pointers marked as __kptr. They are used "
        "by the helpers for them only, at their place, in a map whose BTF describes "
        "them."
    ),
    reason=(
        "The kernel frees what is in them when the entry goes, and takes their locks. "
        "A store over one, or a helper at the wrong place, would have it follow "
        "garbage."
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
