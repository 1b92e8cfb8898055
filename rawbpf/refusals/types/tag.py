"""RB-T010: a tag on what is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.refusals.types_rule import TypesRule

if TYPE_CHECKING:
    import re

    from rawbpf.refusals.types_rule import Complaint


def _explain(found: Complaint, match: re.Match[str]) -> str:
    if "value" in match[0]:
        return f"{found.subject} says nothing: it has no text"
    return f"{found.subject} is on a member or argument that its type does not have"


RULE = TypesRule(
    code="RB-T010",
    title="A tag on what is not there",
    patterns=(r"Invalid component_idx$", r"Invalid value$"),
    meaning=(
        '__attribute__((btf_decl_tag("..."))) is on a struct, a variable, a function or a '
        "typedef (component_idx -1), or on the member or argument with that number."
    ),
    reason="Programs ask for what is tagged, and the kernel gives kptrs and lists by tags.",
    example="A tag on the fourth member of a struct that has one.",
    explain=_explain,
    change="tag one that is there, or the whole: -1",
)
