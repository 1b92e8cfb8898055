"""RB-E011: a type of program that this kernel does not have."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.refusals.rule import Found, Rule
from rawbpf.uapi.bpf import bpf_cmd, bpf_prog_type
from rawbpf.uapi.prog_rights import ATTACH_TYPES, TARGETED

if TYPE_CHECKING:
    from rawbpf.refusals.asked import Asked

_NOTHING = bytes.fromhex("b700000000000000 9500000000000000")  # r0 = 0; exit
_PLAIN: dict[str, int | bytes] = {
    "insns": _NOTHING, "insn_cnt": 2, "prog_flags": 0, "prog_ifindex": 0, "prog_btf_fd": 0,
    "func_info_cnt": 0, "line_info_cnt": 0, "attach_btf_id": 0, "attach_btf_obj_fd": 0,
    "core_relo_cnt": 0,
}  # fmt: skip


def _explain(asked: Asked) -> Found | None:
    kind = asked["prog_type"]
    if kind in TARGETED:  # these say more, in a log
        return None
    attach = ATTACH_TYPES.get(kind, (0,))
    if any(asked.accepts(**{**_PLAIN, "expected_attach_type": int(one)}) for one in attach):
        return None
    name = asked.name("prog_type") if kind in set(bpf_prog_type) else f"number {kind}"
    return Found(
        f"this kernel has no programs of type {name}",
        ("it refuses the shortest program of this type as well: r0 = 0, exit",),
        "load it on a kernel that has the type: one that is newer, or built with it",
    )


RULE = Rule(
    code="RB-E011",
    title="A type of program that the kernel does not have",
    calls=(bpf_cmd.BPF_PROG_LOAD,),
    errnos=(errno.EINVAL,),
    meaning=(
        "prog_type is looked up in a table of the kernel. A type is not there when the kernel is "
        "older, or was built without what it belongs to: BPF_PROG_TYPE_LIRC_MODE2 takes "
        "CONFIG_BPF_LIRC_MODE2, the types of cgroups CONFIG_CGROUP_BPF."
    ),
    reason=(
        "The type decides what r1 points to, which helpers there are and what r0 means. Without "
        "it nothing of the program can be judged."
    ),
    example="BPF_PROG_TYPE_NETFILTER on Linux 6.1.",
    explain=_explain,
)
