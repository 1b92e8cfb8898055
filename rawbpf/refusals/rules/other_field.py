"""RB-E028: a field that means nothing for this type, or a value that it does not take."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.refusals.rule import Found, Rule
from rawbpf.uapi.bpf import bpf_cmd

if TYPE_CHECKING:
    from rawbpf.refusals.asked import Asked

_FIELDS = {
    bpf_cmd.BPF_MAP_CREATE: ("map_extra", "numa_node", "map_ifindex", "inner_map_fd", "btf_fd",
                             "value_type_btf_obj_fd", "map_token_fd"),
    bpf_cmd.BPF_PROG_LOAD: ("prog_ifindex", "kern_version", "prog_btf_fd", "fd_array_cnt"),
}  # fmt: skip
"""Those that may be 0 always."""


def _explain(asked: Asked) -> Found | None:
    kind = asked.name("map_type" if asked.cmd == bpf_cmd.BPF_MAP_CREATE else "prog_type")
    for field in _FIELDS[asked.cmd]:
        if asked[field] and asked.accepts(**{field: 0}):
            return Found(
                f"{field} is {asked[field]}, which this kernel does not take of {kind}",
                change=f"leave {field} out",
                fields={field: 0},
            )
    return None


RULE = Rule(
    code="RB-E028",
    title="A field that the type does not take",
    calls=(bpf_cmd.BPF_MAP_CREATE, bpf_cmd.BPF_PROG_LOAD),
    errnos=(errno.EINVAL, errno.EOPNOTSUPP, errno.EBADF, errno.EFAULT, errno.ENODEV),
    meaning=(
        "Some fields are for some types alone: map_extra is the number of hashes of a Bloom "
        "filter, prog_ifindex the device that a program is to be offloaded to. Others take what "
        "there is: numa_node a node that is online, a descriptor one that is open."
    ),
    reason=(
        "A field that is set and means nothing is refused, so that it may mean something later."
    ),
    example="An array with map_extra 1, a hash table for NUMA node 999.",
    explain=_explain,
)
