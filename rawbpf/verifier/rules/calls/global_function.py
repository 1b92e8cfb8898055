"""RB-V058: a global function, or a call to it, does not match the function's BTF types."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Finding, Rule

if TYPE_CHECKING:
    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding | None:
    found = match.groupdict()
    if found.get("func") and " is not a scalar" in failure.message:
        return None  # the rule for pointers passed as scalars explains this case
    near = failure.log.last_lines(_NEAR)
    name = found.get("name") or _first(_NAMED, near) or "a global function"
    number = found.get("arg") or _first(_SIZELESS, near)
    if number:
        return Finding(
            f"argument {number} of {name} (counted from 0) points to a type of unknown size",
            change=(
                "declare the parameter as a pointer to a type of known size, or make the "
                "function static"
            ),
        )
    if found.get("said"):
        return Finding(
            f"{name} {found['said']}",
            change="return a number from the function, or make the function static",
        )
    return Finding(
        f"the arguments passed to {name} do not match its parameter types",
        change=(
            "pass arguments of the declared types, check pointers for NULL first, or make "
            "the function static"
        ),
    )


def _first(pattern: str, lines: list[str]) -> str:
    """Return the match from one of the lines before the message.

    Up to 5.17, only these lines contain the details.
    """
    return next((found[1] for line in lines if (found := re.match(pattern, line))), "")


_NEAR = 6  # the number of lines for the message, pointer arguments and statistics
_NAMED = r"Validating (\w{1,128})\(\) func#"
_SIZELESS = r"arg#(\d{1,3}) reference type\('[^'\n]{0,60}'\) size cannot be determined"

RULE = Rule(
    code="RB-V058",
    title="Global function does not match its types",
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
        "A static function is verified at every call, with the arguments of that call. A "
        "global function is verified only once, based on its BTF types. Each parameter must "
        "be a number, the context, or a pointer to a type of known size. Callers must pass "
        "arguments of these types."
    ),
    reason=(
        "Verifying each global function only once makes large programs fast to verify. This "
        "works only if the types fully describe what the function relies on."
    ),
    examples=(),
    explain=_explain,
)
