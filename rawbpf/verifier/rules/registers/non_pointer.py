"""RB-V011: memory is accessed through a register that is not a pointer to memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Example, Finding, Rule
from rawbpf.verifier.words import history, is_a, kind_words

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    register, kind = int(match["reg"]), match["type"]
    value = failure.value(register)
    evidence = history(failure, register)
    if kind in ("scalar", "inv"):
        known = () if value is None else (Evidence(is_a(register, value)),)
        return Finding(
            f"r{register} is used as an address, but it is a scalar, not a pointer",
            (*known, *evidence),
            counter=(
                f"r{register} = {value.umin}, which is not an address that the program may access"
            )
            if value
            else "",
            change="use a pointer from a call or the context, or call bpf_probe_read_kernel",
        )
    return Finding(
        f"r{register} is {kind_words(kind)}, which cannot be dereferenced",
        evidence,
        change="use the value only as an argument or in a comparison",
    )


RULE = Rule(
    code="RB-V011",
    title="Non-pointer used as an address",
    patterns=(r"R(?P<reg>\d\d?) invalid mem access '(?P<type>\w+)'",),
    meaning=(
        "A load or store needs a pointer that the verifier tracks: a pointer to the stack, "
        "the context, a map value, the packet or a ring buffer record. A plain number "
        "(scalar) is not a pointer, even if it is a kernel address that was read from "
        "memory. Map pointers and the packet's end pointer cannot be dereferenced "
        "either."
    ),
    reason=(
        "If a program could dereference any number, it could access all kernel memory. To "
        "follow kernel pointers, call bpf_probe_read_kernel, which returns an error for an "
        "invalid address. If the BTF type of an argument is known, the verifier can allow "
        "direct loads."
    ),
    examples=(
        Example(
            '.program follow, "kprobe"\n        r1 = *(u64 *)(r1 + 112)\n'
            "        r0 = *(u32 *)(r1 + 0)\n        exit\n",
            '.license "GPL"\n.program follow, "kprobe"\n        r3 = *(u64 *)(r1 + 112)\n'
            "        r1 = r10\n        r1 += -8\n        r2 = 4\n        call probe_read_kernel\n"
            "        r0 = 0\n        exit\n",
        ),
    ),
    explain=_explain,
    general=True,
)
