"""RB-V049: a 64-bit load is malformed or refers to an object that does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


_INSIDE = {
    "no direct": "values of this map type have no address that is known at load time",
    "direct va": "the offset into the map value is too large",
    "invalid a": "the loaded address is past the end of the map value",
}
"""Maps the first nine characters of a message to the error in the address of a map value."""


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    if found.get("fd"):
        kind = "map" if found["kind"] == "bpf_map" else "BTF object"
        return Finding(
            f"file descriptor {found['fd']} does not refer to a {kind}",
            _loads(failure, int(found["fd"])),
            change="create the map, and load it by name: `r1 = NAME ll`",
        )
    if found.get("btf"):
        return Finding(
            "the loaded kernel variable does not exist",
            change="check that this kernel's BTF has the variable, or declare it __weak",
        )
    if found.get("inside"):
        return Finding(
            _INSIDE[found["inside"][:9]],
            change="load the map (r1 = NAME ll) and look up the value, or use an offset inside the "
            "value of an array with one entry",
        )
    return Finding(
        "the 64-bit load is incomplete or has invalid fields",
        change="encode both slots: the second slot has opcode 0 and contains the upper 32 bits",
    )


def _loads(failure: Failure, fd: int) -> tuple[Evidence, ...]:
    """Return the first instruction that loads the given descriptor."""
    for slot, one in failure.instructions.items():
        if one.opcode == _LOAD and one.imm == fd:
            return (Evidence(f"the descriptor is loaded here: {failure.text_at(slot)}", slot),)
    return ()


_LOAD = 0x18

RULE = Rule(
    code="RB-V049",
    title="Invalid 64-bit load",
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
        "A 64-bit load takes two slots: the first has opcode 0x18, and the second only "
        "contains the upper half of the value. The src field says what is loaded: a number, "
        "a map (by file descriptor), an address in the only value of a map, a kernel "
        "variable, or a function."
    ),
    reason=(
        "The kernel replaces the value with a kernel address. The kernel must be sure "
        "that the object exists, and that the second slot is never executed as an "
        "instruction."
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
