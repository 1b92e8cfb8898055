"""RB-V036: a write accesses read-only memory, or a read accesses a write-only map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.patch import Patch, replace
from rawbpf.verifier.rule import Example, Finding, Rule
from rawbpf.verifier.words import history, memory_of

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    memory = failure.effect.memory
    past = () if memory is None else history(failure, memory.base)
    value = None if memory is None else failure.value(memory.base)
    name = value.fields.get("map") if value is not None else None
    whose = f"the values of map {name}" if name else "the values of this map"
    if found.get("what") == "read":
        return Finding(f"{whose} are write-only for BPF programs", past,
                       change="create the map without BPF_F_WRONLY_PROG")  # fmt: skip
    if found.get("what") or found.get("map"):
        return Finding(
            f"{whose} are read-only for BPF programs",
            past,
            change="to change the variable, define it in .data or .bss, not in .rodata (const)",
        )
    if found.get("type"):
        memory_name = "the packet" if found["type"] == "packet" else memory_of(found["type"])
        return Finding(
            f"{memory_name} is read-only for this program",
            past,
            change="write to a copy, or call a helper that changes the memory",
        )
    what = f"struct {found['struct']}" if found.get("struct") else "this memory"
    return Finding(f"{what} is read-only for BPF programs", past, change="write to a copy")


def _repair(failure: Failure, _: re.Match[str]) -> Patch | None:
    if failure.slot is None or failure.effect.kind != "store":
        return None
    return Patch("remove the store", (replace(failure.slot),))


RULE = Rule(
    code="RB-V036",
    title="Write to read-only memory",
    patterns=(
        r"(?P<what>write) into map forbidden",
        r"(?P<what>read) from map forbidden",
        r"may write into memory pointed by R(?P<reg>\d\d?) type=(?P<type>\w{1,60})",
        r"cannot write into (?P<type>\w{1,60})",
        r"(?P<access>only read) (?:from (?P<struct>\w{1,60}) )?is supported",
        r"write to change key R\d\d? not allowed",
        r"Only (?P<access>read) access to \w{1,60} is allowed",
        r"(?P<map>map) \S{0,60} is (?:frozen|read-only)",
    ),
    meaning=(
        "The program writes to memory that it may only read: a constant in .rodata, a map "
        "that was frozen or created with BPF_F_RDONLY_PROG, a packet that this program type "
        "may not change, or a kernel structure."
    ),
    reason=(
        "The verifier treats the contents of frozen maps as constants when it proves that a "
        "program is safe. Packets and kernel structures are shared with other code that "
        "relies on them."
    ),
    examples=(
        Example(
            '.rodata\nlimit: .quad 8\n.program p, "tc"\n        r1 = limit ll\n'
            "        *(u64 *)(r1 + 0) = 9\n        r0 = 0\n        exit\n",
            '.data\nlimit: .quad 8\n.program p, "tc"\n        r1 = limit ll\n'
            "        *(u64 *)(r1 + 0) = 9\n        r0 = 0\n        exit\n",
        ),
    ),
    explain=_explain,
    repair=_repair,
)
