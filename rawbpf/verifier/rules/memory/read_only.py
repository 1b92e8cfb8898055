"""RB-V036: something is written that can only be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.patch import Patch, replace
from rawbpf.verifier.rule import Example, Finding, Rule
from rawbpf.verifier.words import history, kind_words

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    memory = failure.effect.memory
    past = () if memory is None else history(failure, memory.base)
    value = None if memory is None else failure.value(memory.base)
    name = value.fields.get("map") if value is not None else None
    whose = f"the values of map {name}" if name else "the map's values"
    if found.get("what") == "read":
        return Finding(f"{whose} may only be written by programs", past,
                       change="make the map without BPF_F_WRONLY_PROG")  # fmt: skip
    if found.get("what") or found.get("map"):
        return Finding(
            f"{whose} are constants for this program",
            past,
            change="keep it in .data or .bss if it is to change, not in .rodata (const)",
        )
    if found.get("type"):
        kind = kind_words(found["type"]) if found["type"] != "packet" else "the packet"
        return Finding(f"{kind} can only be read by this program", past,
                       change="change a copy, or use the helper for it")  # fmt: skip
    what = f"struct {found['struct']}" if found.get("struct") else "this memory"
    return Finding(f"{what} can only be read by programs", past, change="change a copy of it")


def _repair(failure: Failure, _: re.Match[str]) -> Patch | None:
    if failure.slot is None or failure.effect.kind != "store":
        return None
    return Patch("leave it as it is", (replace(failure.slot),))


RULE = Rule(
    code="RB-V036",
    title="Something is written that can only be read",
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
        "The program stores to memory that it may only look at: a constant in "
        ".rodata, a map that was frozen or made with BPF_F_RDONLY_PROG, a packet that "
        "is not its own, or a structure of the kernel."
    ),
    reason=(
        "The verifier relies on constants when it proves that a program is safe, and "
        "others rely on their packets and structures."
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
