"""RB-T004: a type that contains itself, or is nested too deeply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.refusals.types_rule import TypesRule

if TYPE_CHECKING:
    import re

    from rawbpf.refusals.types_rule import Complaint


def _explain(found: Complaint, match: re.Match[str]) -> str:
    if "depth" in match[0]:
        return f"{found.subject} has more than 32 types, one inside the other"
    return f"{found.subject} leads back to itself, so that it has no size"


RULE = TypesRule(
    code="RB-T004",
    title="A type that contains itself",
    patterns=(r"Loop detected$", r"Exceeded max resolving depth:\d{1,6}$"),
    meaning=(
        "The size of a struct is that of its members, and of theirs. A struct may point to "
        "itself; it cannot have itself as a member. Typedefs and qualifiers that lead in a "
        "circle mean nothing. 32 levels are followed."
    ),
    reason=(
        "The kernel has a stack of a few pages, so it does not follow types as deep as they "
        "might be."
    ),
    example="struct s { struct s next; }, or typedef a b; typedef b a.",
    explain=_explain,
    change="let it point to itself instead",
)
