"""RB-V023: a legacy packet load instruction is used incorrectly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.patch import Patch, insert
from rawbpf.verifier.rule import Example, Finding, Rule
from rawbpf.verifier.words import is_a

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    if "R6" in match[0]:
        value = failure.value(6)
        known = f", but {is_a(6, value)}" if value is not None else ""
        return Finding(
            f"this instruction needs the context in r6{known}",
            change="set r6 = r1 at the start of the program",
        )
    if match.groupdict().get("int"):
        return Finding(
            "a function that uses a legacy packet load must return int",
            change=(
                "make the function return int, because the load may end the program with "
                "the result 0"
            ),
        )
    return Finding(
        "this program cannot use the legacy packet load instructions",
        change="call bpf_skb_load_bytes, or use the context's data and data_end pointers",
    )


def _repair(failure: Failure, match: re.Match[str]) -> Patch | None:
    if "R6" not in match[0] or failure.slot is None:
        return None
    now = failure.value(1)
    here = now is not None and now.kind == "ctx"
    edit = insert(failure.slot if here else 0, "r6 = r1")
    return Patch("put the context into r6", (edit,))


RULE = Rule(
    code="RB-V023",
    title="Invalid legacy packet load",
    patterns=(
        r"at the time of BPF_LD_ABS\|IND R6 != pointer to skb",
        (
            r"BPF_LD_\[?ABS\|IND\]? (?:instructions )?(?:not allowed for this program type|"
            r"cannot be mixed|would lead to)[^\n]*"
        ),
        r"(?P<int>LD_ABS is only allowed in functions that return 'int')",
    ),
    meaning=(
        "`r0 = *(u8 *)skb[0]` (BPF_LD_ABS) comes from classic BPF. The instruction needs "
        "the context in r6 and works only in socket filter and traffic control programs. If "
        "the packet is too short, the instruction ends the program. This instruction "
        "cannot be used while the program holds a reference that must be released."
    ),
    reason=(
        "The instruction becomes a call to a function that may end the program immediately, "
        "so the program may not hold any reference at this point."
    ),
    examples=(
        Example(
            '.program first, "socket"\n        r6 = 0\n        r0 = *(u8 *)skb[0]\n        exit\n',
            '.program first, "socket"\n        r6 = r1\n        r0 = *(u8 *)skb[0]\n        exit\n',
        ),
    ),
    explain=_explain,
    repair=_repair,
)
