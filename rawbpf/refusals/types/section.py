"""RB-T007: variables and functions: where they are, and who sees them."""

from __future__ import annotations

from rawbpf.refusals.types_rule import TypesRule, subject_that

_WHAT = {
    "Invalid offset": "does not lie behind the one before it, or not inside of the section",
    "Invalid size": "has another size than its variable",
    "size == 0": "is empty",
    "vlen == 0": "has no variables",
    "Linkage not supported": "has a linkage that there is not",
    "Invalid func linkage": "has a linkage that the kernel does not take",
}

RULE = TypesRule(
    code="RB-T007",
    title="A variable that is not where it should be",
    patterns=(
        r"Invalid offset$",
        r"Invalid size$",
        r"(?:size|vlen) == 0$",
        r"Linkage not supported$",
        r"Invalid func linkage$",
    ),
    meaning=(
        "A section lists its variables in the order of their places, and none overlaps the next. "
        "Variables are static, global or extern, functions static or global: an extern one is "
        "said to be global for the kernel."
    ),
    reason=(
        "A section becomes a map of one value; the places of its variables are what programs "
        "were compiled for. A compiler leaves them at 0, and the loader fills them in."
    ),
    example="A section of 4 bytes with a variable at 4.",
    explain=subject_that(_WHAT, "is not placed as it should be"),
    change="let the loader place the variables: rawbpf does for what clang compiled",
)
