"""RB-V071: an address is passed where a number belongs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Finding, Rule
from rawbpf.verifier.words import history, is_a

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    register = int(match["reg"])
    name = match.groupdict().get("func") or failure.effect.name or "the function"
    value = failure.value(register)
    got = is_a(register, value) if value is not None else "gets something else"
    return Finding(
        f"{name} wants a number in r{register}, and {got}",
        history(failure, register),
        change=f"pass a number in r{register}, or declare the argument as the pointer that it is",
    )


RULE = Rule(
    code="RB-V071",
    title="An address is passed where a number belongs",
    patterns=(
        (
            r"R(?P<reg>\d\d?) is not a scalar(?:\nCaller passes invalid args into func#\d{1,9}"
            r" \('(?P<func>\w{1,128})'\))?"
        ),
        r"R(?P<reg>\d\d?) must be a (?:known )?scalar",
    ),
    meaning=(
        "By its types, the function that is called takes a number there. The program "
        "passes an address, or something that may be one."
    ),
    reason=(
        "A function that was verified with numbers would work with an address as with "
        "a number, and could give it away."
    ),
    examples=(),
    explain=_explain,
)
