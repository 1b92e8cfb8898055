"""Rules RB-E020, RB-E024, RB-E025 and RB-E027, which cover map types, flags, inner maps and BTF."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.errors import ENOTSUPP
from rawbpf.refusals.rule import Found, Rule
from rawbpf.refusals.rules.map_sizes import plain_map, sizes_of, wants_more
from rawbpf.specs.map_spec import map_kind
from rawbpf.uapi.bpf import bpf_cmd, bpf_map_flags, bpf_map_type
from rawbpf.uapi.map_sizes import SIZES

if TYPE_CHECKING:
    from rawbpf.refusals.failed_call import FailedCall

__all__ = ["RULES"]

_CREATE = (bpf_cmd.BPF_MAP_CREATE,)
_BOTH = bpf_map_flags.BPF_F_RDONLY | bpf_map_flags.BPF_F_WRONLY


def _map_type(call: FailedCall) -> Found | None:
    number = call["map_type"]
    known = number in SIZES
    if known and (wants_more(number) or call.accepts(**plain_map(number))):
        return None
    name = call.name("map_type") if known else f"number {number}"
    return Found(
        f"this kernel does not support map type {name}",
        ("the kernel also rejects the smallest map of this type",) if known else (),
        "use another type, or a kernel that supports this type: a newer kernel, or one "
        "built with the feature",
    )


def _map_flags(call: FailedCall) -> Found | None:
    given, kind = call["map_flags"], call.name("map_type")
    wanted = sizes_of(call)
    if wanted is not None and wanted.need & ~given:
        name = bpf_map_flags(int(wanted.need)).name
        fields = {"map_flags": given | wanted.need}
        return Found(f"{kind} requires the flag {name}", (), f"add {name} to map_flags", fields)
    tried = given & ~bpf_map_flags.BPF_F_NUMA_NODE if call["numa_node"] else given
    for bit in (1 << n for n in range(32) if tried >> n & 1):
        less = given & ~bit
        if call.accepts(map_flags=less):
            name = bpf_map_flags(bit).name if bit in set(bpf_map_flags) else f"{bit:#x}"
            with_others = " together with BPF_F_WRONLY" if given & _BOTH == _BOTH else ""
            return Found(
                f"map_flags contains {name}, which this kernel does not support for "
                f"{kind}{with_others}",
                (f"map_flags is {call.name('map_flags')}",),
                "omit the flag",
                {"map_flags": less},
            )
    return None


def _inner_map(call: FailedCall) -> Found | None:
    if map_kind(call["map_type"]).holds != "map":
        return None
    fd = call["inner_map_fd"]
    if not fd:
        return Found(
            f"{call.name('map_type')} needs an inner map, but none is set",
            change="specify an inner map: `MapSpec.inner`, or `inner=` of Map.create",
        )
    if call.errno == errno.EBADF:
        why = f"inner_map_fd is {fd}, which is not an open file descriptor"
    elif call.errno == ENOTSUPP:
        # Both cases have the same errno, and the descriptor of the map does not distinguish them.
        why = (
            "the inner map has a type that a map of maps cannot contain, or its values contain "
            "a spin lock, which inner maps support only from Linux 6.2 on"
        )
    else:
        why = "the inner map is not a map, or is itself a map of maps"
    return Found(why, change="use an ordinary map: a hash table, an array or a ring buffer")


def _map_types(call: FailedCall) -> Found | None:
    number, kind = call["map_type"], call.name("map_type")
    if map_kind(number).keyed_by and not (call["btf_key_type_id"] and call["btf_fd"]):
        return Found(
            f"{kind} requires BTF types for its keys and values, but the map has none",
            change=(
                "declare the map in C with __type(key, int) and __type(value, ...), and "
                "compile with -g"
            ),
        )
    is_struct = number == bpf_map_type.BPF_MAP_TYPE_STRUCT_OPS
    if is_struct and not call["btf_vmlinux_value_type_id"]:
        return Found(
            f"{kind} does not name the kernel struct that it implements",
            change="set btf_vmlinux_value_type_id to the kernel's struct bpf_struct_ops_NAME",
        )
    return None


RULES = (
    Rule(
        code="RB-E020",
        title="Map type not supported by this kernel",
        calls=_CREATE,
        errnos=(errno.EINVAL,),
        meaning=(
            "The kernel looks up map_type in a table. A type is missing if the kernel is "
            "older than the type, or was built without the feature that the type belongs "
            "to. The map reference lists the first kernel for each type."
        ),
        reason=(
            "The type determines the format of keys and values, and which operations are possible."
        ),
        example="BPF_MAP_TYPE_BLOOM_FILTER on Linux 5.10.",
        explain=_map_type,
    ),
    Rule(
        code="RB-E024",
        title="Map flag missing or not supported",
        calls=_CREATE,
        errnos=(errno.EINVAL, ENOTSUPP),
        meaning=(
            "map_flags changes how a map is created. LPM tries and socket, inode, task "
            "and cgroup storage maps allocate entries one by one, so they "
            "require BPF_F_NO_PREALLOC. Arrays and LRU hash tables are preallocated and do "
            "not allow this flag. An arena requires BPF_F_MMAPABLE."
        ),
        reason=(
            "Silently ignoring a flag would imply behaviour that the map does not provide. "
            "Even if only one behaviour exists, the flag is required, so that another "
            "behaviour can be added later."
        ),
        example="BPF_MAP_TYPE_LPM_TRIE without BPF_F_NO_PREALLOC.",
        explain=_map_flags,
    ),
    Rule(
        code="RB-E025",
        title="Inner map missing or invalid",
        calls=_CREATE,
        errnos=(errno.EINVAL, errno.EBADF, ENOTSUPP),
        meaning=(
            "A map of maps is created with one map as a template, inner_map_fd: all maps "
            "that are stored in the outer map must have the template's type and sizes. The "
            "template cannot itself contain maps or programs."
        ),
        reason=(
            "The verifier checks how a program uses the inner map at load time, long before "
            "it is known which map that will be. One level of nesting is enough to "
            "replace a map while programs run, and keeps the check simple."
        ),
        example="A BPF_MAP_TYPE_ARRAY_OF_MAPS that contains program arrays.",
        explain=_inner_map,
    ),
    Rule(
        code="RB-E027",
        title="Map without the types that it requires",
        calls=_CREATE,
        errnos=(errno.EINVAL,),
        meaning=(
            "For most maps, BTF types for keys and values are optional, and are used "
            "only to print entries. Socket, inode, task and cgroup storage maps require "
            "BTF types, and a struct_ops map must name the kernel struct that it implements."
        ),
        reason=(
            "The kernel uses BTF types to find locks, timers and pointers in values. "
            "These map types were added after BTF, so the requirement did not break any "
            "existing programs."
        ),
        example="BPF_MAP_TYPE_SK_STORAGE from assembly, which carries no type information.",
        explain=_map_types,
    ),
)
