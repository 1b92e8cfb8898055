"""RB-T003: a member that is not in its struct."""

from __future__ import annotations

from rawbpf.refusals.types_rule import TypesRule, subject_that

_WHAT = {
    "exceeds struct_size": "ends behind the end",
    "bitfield_size": "has more bits than its type",
    "bits_offset": "begins where it cannot: in front of the one before it, or inside of a union",
    "aligned": "begins at a place that its type cannot have",
}

RULE = TypesRule(
    code="RB-T003",
    title="A member outside of its struct",
    patterns=(
        r"Member exceeds (?:struct|union)_size$",
        r"Invalid member (?:bits_offset|bitfield_size|offset)$",
        r"Member is not (?:properly |byte )?aligned$",
    ),
    meaning=(
        "Members are written in the order of their places, each with its distance from the "
        "beginning in bits, and end where the struct ends at the latest. Those of a union begin "
        "at 0."
    ),
    reason=(
        "The kernel prints values of maps by their types, and finds locks and timers in them: a "
        "member outside would be somebody else's memory."
    ),
    example="A struct of 4 bytes with a second int, at bit 32.",
    explain=subject_that(_WHAT, "cannot be there"),
    change="write size and offsets as sizeof and offsetof have them",
)
