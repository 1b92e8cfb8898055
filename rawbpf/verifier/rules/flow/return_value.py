"""RB-V051: a program or callback returns a value that is not allowed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rawbpf.verifier.patch import Patch, insert
from rawbpf.verifier.rule import Example, Finding, Rule
from rawbpf.verifier.words import history, kind_words, range_of

if TYPE_CHECKING:
    from rawbpf.verifier.failure import Failure


_OF_A_CALLBACK = "R0 not a scalar value"


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    bounds = _bounds(found)
    allowed = "" if bounds is None else f", but must return {_words(*bounds)}"
    register = int(found.get("reg") or 0)
    value = failure.value(register)
    result = _said(failure.message)
    if value is not None:
        number = range_of(value).replace("between", "a number between")
        result = number if value.is_scalar else kind_words(value.kind)
    callback = "callback" in (found.get("where") or "") or match[0] == _OF_A_CALLBACK
    who = "the callback" if callback else "the program"
    returns = "may return" if result == "any number" else "returns"
    return Finding(
        f"{who} {returns} {result}{allowed}",
        history(failure, register),
        change="set r0 to an allowed value before exit, on every path",
    )


_SIGN = 1 << 63
_KNOWN = (
    r"has (?:smin=(?P<low>-?\d{1,19}) smax=(?P<high>-?\d{1,19})|(?P<any>unknown) scalar"
    r"|value \((?P<value>0x[0-9a-f]{1,16}); 0x0\))|not a known value \((?P<kind>\w{1,60})\)"
)


def _said(message: str) -> str:
    """Describe the return value in words, based on the message."""
    found = re.search(_KNOWN, message)
    if found is None:
        return "an unknown value"
    if found["kind"]:
        return kind_words(found["kind"])
    if found["any"]:
        return "any number"
    if found["low"]:
        return _words(int(found["low"]), int(found["high"]))
    return str((_int(found["value"]) ^ _SIGN) - _SIGN)


def _bounds(found: dict[str, str | None]) -> tuple[int, int] | None:
    """Return the smallest and the largest possible value.

    Before 6.8, the log shows known and unknown bits.
    """
    low, high = found.get("low"), found.get("high")
    if low and high:
        return _int(low), _int(high)
    value, mask = found.get("value"), found.get("mask")
    if value and mask:
        return int(value, 16), int(value, 16) | int(mask, 16)
    return None


def _int(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        return 0


def _words(low: int, high: int) -> str:
    if high - low > 1:
        return f"a number between {low} and {high}"
    return str(low) if low == high else f"{low} or {high}"


def _repair(failure: Failure, match: re.Match[str]) -> Patch | None:
    bounds = _bounds(match.groupdict())
    if bounds is None or failure.slot is None or match.groupdict().get("reg") != "0":
        return None
    if failure.effect.kind != "exit" or not -(1 << 31) <= bounds[1] < 1 << 31:
        return None
    return Patch(f"return {bounds[1]}", (insert(failure.slot, f"r0 = {bounds[1]}"),))


RULE = Rule(
    code="RB-V051",
    title="Return value not allowed",
    patterns=(
        # since 6.8
        (
            r"(?:At|In) (?P<where>[^\n]{1,40}?),? ?the register R(?P<reg>\d) "
            r"has [^\n]{0,80}should have been in \[(?P<low>-?\w{1,20}), (?P<high>-?\w{1,20})\]"
        ),
        # before
        (
            r"(?:At|In) (?P<where>[^\n]{1,40}?),? ?the register R(?P<reg>\d) "
            r"has [^\n]{0,80}should have been in "
            r"\((?P<value>0x[0-9a-f]{1,16}); (?P<mask>0x[0-9a-f]{1,16})\)"
        ),
        (
            r"(?:At|In) (?P<where>[^\n]{1,40}?),? ?the register R(?P<reg>\d) "
            r"is not a (?:known value|scalar)[^\n]{0,40}"
        ),
        r"R0 must be a scalar|(?P<where>callback) must return",
        r"R(?P<reg>0) not a scalar value",
    ),
    meaning=(
        "Only certain return values are defined for this program type or callback: for "
        "example, 0 and 1 for a cgroup program, or 0 (continue) and 1 (stop) for a "
        "callback. The verifier must be able to prove that r0 holds an allowed value at "
        "every exit."
    ),
    reason=(
        "The kernel acts on the return value. Other values have undefined effects, which "
        "may change in later kernels."
    ),
    examples=(
        Example(
            '.program p, "cgroup/sock_create"\n        r0 = 5\n        exit\n',
            '.program p, "cgroup/sock_create"\n        r0 = 1\n        exit\n',
        ),
    ),
    explain=_explain,
    repair=_repair,
)
