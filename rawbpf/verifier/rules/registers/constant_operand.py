"""RB-V022: a shift by more bits than there are, or a division by the constant 0."""

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
            "a number is divided by the constant 0",
            change="divide by something else; by a register that is 0, the result is 0",
        )
    text = failure.text_at(failure.slot) or ""
    bits = 32 if text.startswith("w") else 64
    return Finding(
        f"a number of {bits} bits is shifted by {by}",
        change=f"shift by 0 to {bits - 1}; by a register, the lowest bits of it count",
    )


RULE = Rule(
    code="RB-V022",
    title="A shift or division that cannot be",
    patterns=(r"invalid shift (?P<by>-?\d{1,10})", r"^div by zero$"),
    meaning=(
        "A constant by which is shifted must be smaller than the number of bits, and one by which "
        "is divided must not be 0."
    ),
    reason=(
        "Processors disagree about what such a shift does, and trap at such a division. For a "
        "register the kernel inserts a check; a constant that is wrong is a mistake."
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
