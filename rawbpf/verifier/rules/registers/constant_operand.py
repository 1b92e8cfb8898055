"""RB-V022: a shift by too many bits, or a division by the constant 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    by = match.groupdict().get("by")
    if by is None:
        return Finding(
            "the divisor is the constant 0",
            change="use another divisor; division by a register that holds 0 gives 0",
        )
    text = failure.text_at(failure.slot) or ""
    bits = 32 if text.startswith("w") else 64
    return Finding(
        f"a {bits}-bit value is shifted by {by} bits",
        change=(
            f"shift by 0 to {bits - 1}; if the amount is in a register, only its lowest bits "
            "are used"
        ),
    )


RULE = Rule(
    code="RB-V022",
    title="Invalid shift or division",
    patterns=(r"invalid shift (?P<by>-?\d{1,10})", r"^div by zero$"),
    meaning=(
        "A constant shift amount must be smaller than the width of the operand (32 or 64 bits), "
        "and a constant divisor must not be 0."
    ),
    reason=(
        "Processors disagree about the result of such a shift, and many trap on such a "
        "division. If the operand is in a register, the kernel inserts a check. An invalid "
        "constant can only be a mistake."
    ),
    examples=(
        Example(
            '.program shift, "socket"\n        r0 = 1\n        r0 <<= 64\n        exit\n',
            '.program shift, "socket"\n        r0 = 1\n        r0 <<= 63\n        exit\n',
        ),
        Example(
            '.program divide, "socket"\n        r0 = 1\n        r0 /= 0\n        exit\n',
            '.program divide, "socket"\n        r0 = 1\n        r1 = 0\n        r0 /= r1\n'
            "        exit\n",
        ),
    ),
    explain=_explain,
)
