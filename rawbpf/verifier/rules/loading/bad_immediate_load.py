"""RB-V049: a 64-bit load of something that is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


_INSIDE = {
    "no direct": "this map has no value whose address is known before the program runs",
    "direct va": "the address that is loaded lies too far behind the beginning of the map's value",
    "invalid a": "the address that is loaded lies behind the end of the map's value",
}
"""The beginning of a complaint about an address in a map's value."""


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    if found.get("fd"):
        kind = "map" if found["kind"] == "bpf_map" else "BTF"
        return Finding(
            f"the file descriptor {found['fd']} is none of a {kind}",
            _loads(failure, int(found["fd"])),
            change="create the map and put its descriptor in: `r1 = NAME ll` has the loader do it",
        )
    if found.get("btf"):
        return Finding(
            "the kernel variable that is loaded is not there",
            change="look whether this kernel's BTF has it, or declare it __weak",
        )
    if found.get("inside"):
        return Finding(
            _INSIDE[found["inside"][:9]],
            change="load the map (r1 = NAME ll) and look the value up, or use an offset inside of "
            "the value of an array with one entry",
        )
    return Finding(
        "the two slots of a 64-bit load do not fit together, or load what cannot be loaded",
        change="give both halves: the second slot has opcode 0 and the upper 32 bits",
    )


def _loads(failure: Failure, fd: int) -> tuple[Evidence, ...]:
    """The first load of this descriptor."""
    for slot, one in failure.instructions.items():
        if one.opcode == _LOAD and one.imm == fd:
            return (Evidence(f"it is loaded here: {failure.text_at(slot)}", slot),)
    return ()


_LOAD = 0x18

RULE = Rule(
    code="RB-V049",
    title="A 64-bit load refers to something that is not there",
    patterns=(
        r"fd (?P<fd>-?\d{1,10}) is not pointing to valid (?P<kind>bpf_map|BTF)",
        r"(?P<half>invalid (?:BPF_LD_IMM|bpf_ld_imm64) insn)",
        r"(?P<half>unrecognized bpf_ld_imm64 insn)",
        r"(?P<half>BPF_LD_IMM64 uses) \w{1,20} fields",
        r"(?P<inside>no direct value access support)",
        r"(?P<inside>direct value offset of \d{1,10} is not allowed)",
        r"(?P<inside>invalid access to map value pointer)",
        r"(?P<half>invalid module BTF object FD)",
        r"(?P<half>fd_idx without fd_array is invalid)",
        r"(?P<half>reserved field \(insn[^\n]{0,20}) is used in pseudo_btf_id",
        (
            r"(?P<btf>(?:ldimm64 unable to|btf_vmlinux is malformed|pseudo "
            r"btf_id|ldimm64 insn specifies invalid btf_id)[^\n]{0,80})"
        ),
        (
            r"(?P<func>missing subprog func_info|ldimm64 to a callback|reference "
            r"to an invalid function)"
        ),
    ),
    meaning=(
        "A 64-bit load takes two slots: the opcode 0x18, then a slot that holds the "
        "upper half and nothing else. Its src says what it loads: a number, a map by "
        "its file descriptor, an address in a map's only value, a kernel variable, a "
        "function."
    ),
    reason=(
        "The kernel puts an address of its own there. It has to be sure that the "
        "thing exists, and that half of the instruction is never run by itself."
    ),
    examples=(
        Example(
            '.program p, "tc"\n        r1 = map_by_fd(60000) ll\n        r0 = 0\n        exit\n',
            '.map m, array, key=u32, value=u64, entries=1\n.program p, "tc"\n'
            "        r1 = m ll\n        r0 = 0\n        exit\n",
        ),
    ),
    explain=_explain,
)
