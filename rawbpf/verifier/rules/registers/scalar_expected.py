"""RB-V071: a pointer is passed where the function expects a scalar."""

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
    got = (
        is_a(register, value) if value is not None else f"r{register} holds a value of another type"
    )
    return Finding(
        f"{name} expects a scalar in r{register}, but {got}",
        history(failure, register),
        change=f"pass a number in r{register}, or declare the parameter as a pointer",
    )


RULE = Rule(
    code="RB-V071",
    title="Pointer passed where a scalar is expected",
    patterns=(
        (
            r"R(?P<reg>\d\d?) is not a scalar(?:\nCaller passes invalid args into func#\d{1,9}"
            r" \('(?P<func>\w{1,128})'\))?"
        ),
        r"R(?P<reg>\d\d?) must be a (?:known )?scalar",
    ),
    meaning=(
        "According to its BTF type, the called function takes a plain number (scalar) in this "
        "register. The program passes a pointer, or a value that may be a pointer."
    ),
    reason=(
        "The function was verified with a scalar as its argument. The function would use "
        "the pointer like a number, and could leak the address."
    ),
    examples=(),
    explain=_explain,
)
