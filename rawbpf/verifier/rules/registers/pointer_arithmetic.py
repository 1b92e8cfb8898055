"""RB-V004: arithmetic that an address does not survive."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rawbpf.verifier.patch import Patch, replace
from rawbpf.verifier.rule import Example, Finding, Rule
from rawbpf.verifier.words import history, kind_words

if TYPE_CHECKING:
    from rawbpf.verifier.failure import Failure

_CHANGE = "compute with a number, and add it to the address as the last step"


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    words = match.groupdict()
    register = int(words["reg"]) if words.get("reg") else None
    finding = Finding(_sentence(failure, match, register), change=_change(words, match[0]))
    if register is None:
        return finding
    return finding._replace(evidence=history(failure, register))


def _sentence(failure: Failure, match: re.Match[str], register: int | None) -> str:
    words, complaint = match.groupdict(), match[0]
    value = failure.value(register) if register is not None else None
    what = f"r{register}" if register is not None else "a register"
    is_a = (
        f"{what} is {kind_words(value.kind)}"
        if value and not value.is_scalar
        else f"{what} is an address"
    )
    if words.get("op"):
        return f"{is_a}, and after {words['op']} nobody could say where it leads"
    if words.get("both"):
        return _of_two(words["both"])
    if "from scalar" in complaint:
        return "an address is subtracted from a number"
    if "subtraction from stack" in complaint:
        return f"something is subtracted from r{register}, an address in the stack"
    if "32-bit" in complaint:
        return f"{is_a}, and 32-bit arithmetic would cut off its upper half"
    if words.get("type"):
        return f"nothing may be added to {kind_words(words['type'])}"
    if words.get("kind"):
        return f"what is added to {kind_words(words['kind'])} has no bounds, or leads too far away"
    return f"{is_a}, and only a part of it is copied"


def _of_two(operator: str) -> str:
    if operator == "+=":
        return "two addresses are added, and their sum points nowhere"
    return f"two addresses are combined by {operator}, which leads nowhere"


def _change(words: dict[str, str], complaint: str) -> str:
    if "subtraction from stack" in complaint:
        return "add a negative number instead: r2 += -8"
    if words.get("kind"):
        return "bound the number from both sides, by comparisons or a mask, before it is added"
    if words.get("type"):
        return "use it as it is: as an argument, or to compare with"
    return _CHANGE


def _repair(failure: Failure, match: re.Match[str]) -> Patch | None:
    """`r2 -= 8` as `r2 += -8`, which means the same."""
    one = failure.effect
    subtracted = re.fullmatch(r"r\d+ -= (\d{1,9})", failure.text_at(failure.slot) or "")
    if "subtraction from stack" not in match[0] or subtracted is None or failure.slot is None:
        return None
    edit = replace(failure.slot, f"r{one.dst} += -{subtracted[1]}")
    return Patch("add a negative number", (edit,))


RULE = Rule(
    code="RB-V004",
    title="Arithmetic that is not done on addresses",
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
        r"(?P<kind>\w+) pointer offset -?\d{1,20} is not allowed",
    ),
    meaning=(
        "An address may be moved: a number may be added to it or subtracted from it, in 64 bits. "
        "All else would turn it into something that the verifier can no longer bound. Addresses of "
        "maps, of the packet's end and of objects of the kernel may not be moved at all."
    ),
    reason=(
        "The verifier proves that each access stays inside some memory. For that it must know "
        "which "
        "memory an address is in and how far from its beginning, which no other arithmetic keeps."
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
