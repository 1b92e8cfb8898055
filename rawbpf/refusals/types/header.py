"""RB-T008: the header, or what it says of where types and strings are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.refusals.types_rule import TypesRule

if TYPE_CHECKING:
    import re

    from rawbpf.refusals.types_rule import Complaint


def _explain(found: Complaint, match: re.Match[str]) -> str:
    if "meta_" in match[0]:
        return f"the types end in the middle of {found.subject}"
    return f"the types are damaged, or no BTF: {match[0].lower()}"


RULE = TypesRule(
    code="RB-T008",
    title="A header that does not fit",
    patterns=(
        r"btf_header not found$",
        r"Invalid magic$",
        r"Unsupported (?:version|flags|btf_header)$",
        r"No (?:data|type found)$",
        r"Unsupported section found$",
        r"Section overlap found$",
        r"Invalid section (?:offset|length)$",
        r"Total section length too long$",
        r"Unaligned type_off$",
        r"Invalid string section$",
        r"String section is not at the end$",
        r"hdr_len:\d{1,10}[^\n]*$",
        r"meta_left:\d{1,10} meta_needed:\d{1,10}$",
    ),
    meaning=(
        "BTF begins with a header: a magic number in the byte order of this machine, a version, "
        "and where types and strings are. They follow it without gaps or overlaps, the strings "
        "begin and end with a zero byte, and nothing comes behind them."
    ),
    reason="The kernel copies the bytes once and believes nothing that it has not checked.",
    example="Types of which the last two bytes were cut off.",
    explain=_explain,
    change="compile the object anew: the file is damaged, or was made for another machine",
)
