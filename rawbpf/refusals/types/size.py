"""RB-T005: a number, an enum or an array of a size that there is not."""

from __future__ import annotations

from rawbpf.refusals.types_rule import TypesRule, subject_that

_WHAT = {
    "nr_bits": "has more bits than bytes for them",
    "encoding": "is signed, a character and a truth value at once, or nothing known",
    "overflows": "would have more than 4 GB",
    "int_data": "has bits in its description that mean nothing",
}

RULE = TypesRule(
    code="RB-T005",
    title="A size that a number cannot have",
    patterns=(
        r"nr_bits exceeds (?:type_size|\d{1,4})$",
        r"Unsupported encoding$",
        r"Unexpected size$",
        r"Invalid type_size$",
        r"Array size overflows U32_MAX$",
        r"Invalid int_data:[0-9a-f]{1,8}$",
    ),
    meaning=(
        "Integers have at most 128 bits, and as many bytes as these need; enums 1, 2, 4 or 8 "
        "bytes, floating point numbers 2, 4, 8, 12 or 16. An array has less than 4 GB."
    ),
    reason="The kernel reads and prints numbers of these sizes, and counts bytes in 32 bits.",
    example="An int of 4 bytes and 40 bits, an enum of 3 bytes.",
    explain=subject_that(_WHAT, "has an impossible size"),
    change="describe the number as the compiler has it",
)
