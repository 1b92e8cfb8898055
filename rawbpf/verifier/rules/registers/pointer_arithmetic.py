"""RB-V004: pointer arithmetic that the verifier does not allow."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rawbpf.verifier.patch import Patch, replace
from rawbpf.verifier.rule import Example, Finding, Rule
from rawbpf.verifier.words import history, kind_words

if TYPE_CHECKING:
    from rawbpf.verifier.failure import Failure

_CHANGE = "compute the offset as a number first, and then add it to the pointer"


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    words = match.groupdict()
    register = int(words["reg"]) if words.get("reg") else None
    finding = Finding(_sentence(failure, match, register), change=_change(words, match[0]))
    if register is None:
        return finding
    return finding._replace(evidence=history(failure, register))


def _sentence(failure: Failure, match: re.Match[str], register: int | None) -> str:
    words, message = match.groupdict(), match[0]
    value = failure.value(register) if register is not None else None
    what = f"r{register}" if register is not None else "a register"
    is_a = (
        f"{what} is {kind_words(value.kind)}"
        if value and not value.is_scalar
        else f"{what} is a pointer"
    )
    if words.get("op"):
        return f"{is_a}, and {words['op']} is not allowed on pointers"
    if words.get("both"):
        return _of_two(words["both"])
    if "from scalar" in message:
        return "a pointer is subtracted from a scalar"
    if "subtraction from stack" in message:
        return f"r{register} is a pointer to the stack, and subtracting from it is not allowed"
    if "32-bit" in message:
        return f"{is_a}, and 32-bit arithmetic would discard its upper half"
    if words.get("type"):
        return f"{what} is {kind_words(words['type'])}, and arithmetic on it is not allowed"
    if words.get("kind"):
        return f"the offset added to {kind_words(words['kind'])} is unbounded or too large"
    return f"{is_a}, and only part of it is copied"


def _of_two(operator: str) -> str:
    if operator == "+=":
        return "two pointers are added, and the sum is not a valid pointer"
    return f"two pointers are combined with {operator}, and the result is not a valid pointer"


def _change(words: dict[str, str], message: str) -> str:
    if "subtraction from stack" in message:
        return "add a negative number instead: r2 += -8"
    if words.get("kind"):
        return (
            "limit the offset in both directions, with comparisons or a mask, before the addition"
        )
    if words.get("type"):
        return "use the pointer unchanged, as an argument or in a comparison"
    return _CHANGE


def _repair(failure: Failure, match: re.Match[str]) -> Patch | None:
    """Return a patch that replaces `r2 -= 8` with the equivalent `r2 += -8`."""
    one = failure.effect
    subtracted = re.fullmatch(r"r\d+ -= (\d{1,9})", failure.text_at(failure.slot) or "")
    if "subtraction from stack" not in match[0] or subtracted is None or failure.slot is None:
        return None
    edit = replace(failure.slot, f"r{one.dst} += -{subtracted[1]}")
    return Patch("add a negative number", (edit,))


RULE = Rule(
    code="RB-V004",
    title="Pointer arithmetic not allowed",
    patterns=(
        r"R(?P<reg>\d\d?) pointer arithmetic with (?P<op>\S{1,4}) operator prohibited",
        r"R(?P<reg>\d\d?) bitwise operator (?P<op>\S{1,4}) on pointer prohibited",
        r"R(?P<reg>\d\d?) pointer (?P<both>\S{1,5}) pointer prohibited",
        r"R(?P<reg>\d\d?) tried to subtract pointer from scalar",
        r"R(?P<reg>\d\d?) 32-bit pointer arithmetic prohibited",
        r"R(?P<reg>\d\d?) pointer arithmetic on (?P<type>\w+) prohibited",
        r"R(?P<reg>\d\d?) subtraction from stack pointer prohibited",
        r"R(?P<reg>\d\d?) (?:partial copy|sign-extension part) of pointer",
        (
            r"math between (?P<kind>\w+) pointer and (?:-?\d{1,20}|register with unbounded min "
            r"value) is not allowed"
        ),
        r"value -?\d{1,20} makes (?P<kind>\w+) pointer be out of bounds",
        r"\b(?P<kind>\w+) pointer offset -?\d{1,20} is not allowed",
    ),
    meaning=(
        "A number may be added to a pointer or subtracted from it, in 64-bit arithmetic. "
        "After any other operation, the verifier could no longer determine where the "
        "pointer points. Pointers to maps, to the end of the packet and to kernel "
        "objects may not "
        "be changed at all."
    ),
    reason=(
        "The verifier must prove that every access stays inside a memory region. For "
        "this proof, the verifier must know which memory region a pointer refers to, and "
        "the offset in that region. Only "
        "addition and subtraction preserve this knowledge."
    ),
    examples=(
        Example(
            '.program mask, "socket"\n        r1 &= -8\n        r0 = 0\n        exit\n',
            '.program mask, "socket"\n        r0 = 0\n        exit\n',
        ),
        Example(
            '.program sum, "socket"\n        r2 = r10\n        r2 += r1\n        r0 = 0\n'
            "        exit\n",
            '.program sum, "socket"\n        r2 = r10\n        r2 += -8\n        r0 = 0\n'
            "        exit\n",
        ),
        Example(
            '.program down, "socket"\n        r2 = r10\n        r2 -= 8\n        r0 = 0\n'
            "        exit\n",
            '.program down, "socket"\n        r2 = r10\n        r2 += -8\n        r0 = 0\n'
            "        exit\n",
        ),
    ),
    explain=_explain,
    repair=_repair,
)
