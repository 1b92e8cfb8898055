"""RB-T002: a type that refers to no type, or to one that cannot be there."""

from __future__ import annotations

import re

from rawbpf.refusals.types_rule import Complaint, TypesRule

_WHAT = {
    "Invalid elem": "the elements of an array have to have a size",
    "Invalid index": "an array is indexed by an integer",
    "Invalid return type": "a function returns a type that has a size, or void",
    "Not a VAR kind member": "a section consists of variables",
}


def _explain(found: Complaint, match: re.Match[str]) -> str:
    argument = re.search(r"arg#(\d{1,6})", match[0])
    if argument:
        return f"argument {argument[1]} of {found.subject} has no type, or no name"
    what = _WHAT.get(match[0].strip())
    subject = found.words if found.element == "" else found.subject
    refers = f"{subject} refers to {found.target or 'a type that it cannot'}"
    if what is None:
        return refers if "not there" in refers else f"{refers}, which cannot stand there"
    return f"{refers}: {what}"


RULE = TypesRule(
    code="RB-T002",
    title="A reference to a type that is not there, or cannot stand there",
    patterns=(
        r"Invalid (?:type_id|member|elem|index|return type)$",
        r"Invalid arg#\d{1,6}$",
        r"Not a VAR kind member$",
    ),
    meaning=(
        "Types refer to others by number. A number has to be that of a type of the same BTF, and "
        "of one that makes sense there: a member has a size, an index is an integer, a function "
        "has the type of a function, a section consists of variables."
    ),
    reason=(
        "Whoever uses the types later follows these numbers without looking, so they are checked "
        "once, here."
    ),
    example="A pointer to type 99 of 3.",
    explain=_explain,
    change="have the types written by a compiler (clang -g), or mend the one that writes them",
)
