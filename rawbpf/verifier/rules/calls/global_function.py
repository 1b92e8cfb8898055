"""RB-V058: a global function that does not fit its types, or a call of one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Finding, Rule

if TYPE_CHECKING:
    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding | None:
    found = match.groupdict()
    if found.get("func") and " is not a scalar" in failure.complaint:
        return None  # the rule for an address in the place of a number knows more
    near = failure.log.last_lines(_NEAR)
    name = found.get("name") or _first(_NAMED, near) or "a global function"
    number = found.get("arg") or _first(_SIZELESS, near)
    if number:
        return Finding(
            f"argument {number} of {name}, counted from 0, points to something whose size its type "
            "does not tell",
            change="declare it as a pointer to something whose size is known, or make the function "
            "static",
        )
    if found.get("said"):
        return Finding(f"{name} {found['said']}",
                       change="let it return a number, and make it static otherwise")  # fmt: skip
    return Finding(
        f"what is passed to {name} is not what its types say",
        change="pass what it is declared with, checked for NULL; or make the function static",
    )


def _first(pattern: str, lines: list[str]) -> str:
    """What a line in front of the complaint says. Before 5.18, all is in that."""
    return next((found[1] for line in lines if (found := re.match(pattern, line))), "")


_NEAR = 6  # lines: the complaint, one for each argument that is a pointer, statistics
_NAMED = r"Validating (\w{1,128})\(\) func#"
_SIZELESS = r"arg#(\d{1,3}) reference type\('[^'\n]{0,60}'\) size cannot be determined"

RULE = Rule(
    code="RB-V058",
    title="A global function does not fit its types, or its call does not",
    patterns=(
        (
            r"Caller passes invalid args into func#(?P<func>\d{1,9})(?: "
            r"\('(?P<name>\w{1,128})'\))?"
        ),
        (
            r"[aA]rg#(?P<arg>\d{1,3}) type (?P<type>\w{1,40}) in "
            r"(?P<name>\w{1,128})\(\) is not supported"
        ),
        (
            r"arg#(?P<arg>\d{1,3}) reference type\('(?P<type>[^']{0,60})'\) "
            r"size cannot be determined"
        ),
        r"[Gg]lobal function (?P<name>\w{1,128})\(\) (?P<said>[^\n]{1,100})",
        (
            r"(?P<name>\w{1,128})\(\) (?P<said>is not a global function|doesn't "
            r"return scalar)[^\n]{0,60}"
        ),
    ),
    meaning=(
        "A static function is verified wherever it is called, with what it is called "
        "with. A global one is verified once, by its types alone: each argument must "
        "be a number, the context, or a pointer to something whose size is known. "
        "Callers then only have to pass such things."
    ),
    reason=(
        "That is what makes programs of many functions quick to verify: a function is "
        "looked at once. It only works if its types say all that it relies on."
    ),
    examples=(),
    explain=_explain,
)
