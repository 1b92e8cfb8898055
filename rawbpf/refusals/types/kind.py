"""RB-T006: a kind of type that this kernel does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.refusals.types_rule import TypesRule
from rawbpf.uapi.btf import KINDS

if TYPE_CHECKING:
    import re

    from rawbpf.refusals.types_rule import Complaint


def _explain(found: Complaint, match: re.Match[str]) -> str:
    kind = int(match["kind"]) if match["kind"] else int(match["info"], 16) >> 24 & 31
    known = KINDS.get(kind)
    name = f"{known.name} ({kind})" if known else str(kind)
    return f"type {found.type_id} is of kind {name}, or has bits, that this kernel does not know"


RULE = TypesRule(
    code="RB-T006",
    title="A kind of type that the kernel does not know",
    patterns=(r"Invalid (?:kind:(?P<kind>\d{1,3})|btf_info:(?P<info>[0-9a-f]{1,8}))$",),
    meaning=(
        "Each type begins with its kind, a number. Kinds came one by one: FLOAT in 5.13, "
        "DECL_TAG in 5.16, TYPE_TAG in 5.17, ENUM64 in 6.0."
    ),
    reason=(
        "A type's length depends on its kind, so that a kernel cannot skip one that it does not "
        "know. rawbpf replaces what a kernel lacks by something older before it loads an object."
    ),
    example="FLOAT on Linux 5.10.",
    explain=_explain,
    change="compile for an older kernel, or load it by rawbpf, which replaces what is too new",
)
