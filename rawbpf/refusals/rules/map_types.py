"""RB-E027: a map that has to have types."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.refusals.rule import Found, Rule
from rawbpf.specs.map_spec import map_kind
from rawbpf.uapi.bpf import bpf_cmd, bpf_map_type

if TYPE_CHECKING:
    from rawbpf.refusals.asked import Asked


def _explain(asked: Asked) -> Found | None:
    number, kind = asked["map_type"], asked.name("map_type")
    if map_kind(number).keyed_by and not (asked["btf_key_type_id"] and asked["btf_fd"]):
        return Found(
            f"{kind} has to be made with the types of its keys and values, and has none",
            change="declare it in C with __type(key, int) and __type(value, ...), compiled with -g",
        )
    is_struct = number == bpf_map_type.BPF_MAP_TYPE_STRUCT_OPS
    if is_struct and not asked["btf_vmlinux_value_type_id"]:
        return Found(
            f"{kind} does not say which struct of the kernel it implements",
            change="give btf_vmlinux_value_type_id: the struct bpf_struct_ops_NAME of the kernel",
        )
    return None


RULE = Rule(
    code="RB-E027",
    title="A map that needs types, and has none",
    calls=(bpf_cmd.BPF_MAP_CREATE,),
    errnos=(errno.EINVAL,),
    meaning=(
        "Most maps may have BTF for their keys and values, for those who look at them. What is "
        "stored with a socket, a file, a task or a cgroup must have it, and an implementation of "
        "a struct of the kernel's names that struct."
    ),
    reason=(
        "The kernel finds locks, timers and pointers in values by their types, and these types "
        "of map came after BTF: nobody had to be spared."
    ),
    example="BPF_MAP_TYPE_SK_STORAGE from assembly, which describes no types.",
    explain=_explain,
)
