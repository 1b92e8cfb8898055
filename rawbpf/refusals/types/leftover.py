"""RB-T009: fields of a type that have to be 0 and are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.refusals.types_rule import TypesRule

if TYPE_CHECKING:
    import re

    from rawbpf.refusals.types_rule import Complaint


def _explain(found: Complaint, match: re.Match[str]) -> str:
    field = match[0].removesuffix(" != 0").rsplit(" ", 1)[-1]
    return f"{found.subject} has something in {field}, which means nothing there"


RULE = TypesRule(
    code="RB-T009",
    title="A field that means nothing, and is not 0",
    patterns=(r"(?:vlen|size|type) != 0$", r"Invalid btf_info kind_flag$"),
    meaning=(
        "All types have the same three words in front: name, kind with a count, size or type. "
        "Where one of them means nothing for a kind, it is 0."
    ),
    reason="So that it can come to mean something in a later kernel.",
    example="A pointer with a count of 3.",
    explain=_explain,
    change="write 0 there",
)
