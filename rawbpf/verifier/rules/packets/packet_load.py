"""RB-V023: the old instructions for loading from a packet, used as they cannot be."""

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
        known = f", and {is_a(6, value)}" if value is not None else ""
        return Finding(
            f"this instruction takes the packet from r6{known}",
            change="r6 = r1 at the beginning of the program",
        )
    if match.groupdict().get("int"):
        return Finding(
            "a function with an old packet load does not return int, by its types",
            change="let it return int: the load may end the program, with 0 as its result",
        )
    return Finding(
        "this program cannot use the old instructions that load from a packet",
        change="use skb_load_bytes, or the addresses data and data_end of the context",
    )


def _repair(failure: Failure, match: re.Match[str]) -> Patch | None:
    if "R6" not in match[0] or failure.slot is None:
        return None
    now = failure.value(1)
    here = now is not None and now.kind == "ctx"
    edit = insert(failure.slot if here else 0, "r6 = r1")
    return Patch("have the context in r6", (edit,))


RULE = Rule(
    code="RB-V023",
    title="An old packet load without its packet",
    patterns=(
        r"at the time of BPF_LD_ABS\|IND R6 != pointer to skb",
        (
            r"BPF_LD_\[?ABS\|IND\]? (?:instructions )?(?:not allowed for this program type|"
            r"cannot be mixed|would lead to)[^\n]*"
        ),
        r"(?P<int>LD_ABS is only allowed in functions that return 'int')",
    ),
    meaning=(
        "`r0 = *(u8 *)skb[0]` comes from the times before eBPF. It needs the context, and only "
        "that "
        "of a socket or traffic control program, in r6; it ends the program when the packet is too "
        "short; and it cannot be used while something acquired has not been released."
    ),
    reason=(
        "The instruction becomes a call of a function that may leave the program at once, so "
        "nothing "
        "may be left open there."
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
