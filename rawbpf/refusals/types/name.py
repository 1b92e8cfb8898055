"""RB-T001: a name that C could not have, or none where one is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.refusals.types_rule import TypesRule

if TYPE_CHECKING:
    import re

    from rawbpf.refusals.types_rule import Complaint


def _explain(found: Complaint, match: re.Match[str]) -> str:
    if "offset" in match[0]:
        return f"the name of {found.subject} is beyond the end of the strings"
    if found.type_id is not None and "(anon)" in found.line:
        return f"{found.subject} has no name, and has to have one"
    also = ", or a value with one" if " ENUM" in found.line else ""
    return f"{found.subject} has a name that it cannot have{also}"


RULE = TypesRule(
    code="RB-T001",
    title="A name that cannot be one",
    patterns=(r"Invalid (?:member )?name_offset:\d{1,10}$", r"Invalid name$"),
    meaning=(
        "Names of structs, unions, enums, functions, their values and members are letters, "
        "digits and underscores, as in C; typedefs, functions and variables have to have one; "
        "pointers, arrays and qualifiers have none."
    ),
    reason=(
        "The kernel prints them, and programs are matched by them. Compilers of other languages "
        "write names such as Option<u8>, and have to be told to write names for the kernel."
    ),
    example="A struct by the name of Foo<T>, as rustc writes it.",
    explain=_explain,
    change="rename it; of Rust, link with bpf-linker --btf, which cleans the names",
)
