"""RB-V011: memory is addressed by something that is no address of memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Example, Finding, Rule
from rawbpf.verifier.words import history, kind_words, range_of

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    register, kind = int(match["reg"]), match["type"]
    value = failure.value(register)
    evidence = history(failure, register)
    if kind in ("scalar", "inv"):
        said = f" ({range_of(value)})" if value is not None else ""
        return Finding(
            f"r{register} is used as an address, and it is a number{said}",
            evidence,
            counter=f"r{register} = {value.umin}: nothing of the program's is there"
            if value
            else "",
            change="use an address that a call or the context gave, or bpf_probe_read_kernel",
        )
    return Finding(
        f"r{register} is {kind_words(kind)}, and that cannot be read or written directly",
        evidence,
        change="hand it to a function that takes it",
    )


RULE = Rule(
    code="RB-V011",
    title="What is used as an address is none",
    patterns=(r"R(?P<reg>\d\d?) invalid mem access '(?P<type>\w+)'",),
    meaning=(
        "Loads and stores go through addresses that the verifier knows: of the stack, the "
        "context, a "
        "map's value, the packet, a record. A number is none, even if an address of the kernel was "
        "read from somewhere; nor is a map, or the packet's end."
    ),
    reason=(
        "An access to any number at all would be an access to all of the kernel's memory. Where a "
        "program has to follow pointers of the kernel, bpf_probe_read_kernel does it and survives "
        "a "
        "bad one; for arguments that are known by type, the verifier can allow loads."
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
