"""RB-E024: a flag that the type of map has to have, or does not take."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.errors import ENOTSUPP
from rawbpf.refusals.calls import sizes_of
from rawbpf.refusals.rule import Found, Rule
from rawbpf.uapi.bpf import bpf_cmd, bpf_map_flags

if TYPE_CHECKING:
    from rawbpf.refusals.asked import Asked

_BOTH = bpf_map_flags.BPF_F_RDONLY | bpf_map_flags.BPF_F_WRONLY


def _explain(asked: Asked) -> Found | None:
    given, kind = asked["map_flags"], asked.name("map_type")
    wanted = sizes_of(asked)
    if wanted is not None and wanted.need & ~given:
        name = bpf_map_flags(int(wanted.need)).name
        fields = {"map_flags": given | wanted.need}
        return Found(f"{kind} has to be made with {name}", (), f"add {name} to map_flags", fields)
    tried = given & ~bpf_map_flags.BPF_F_NUMA_NODE if asked["numa_node"] else given
    for bit in (1 << n for n in range(32) if tried >> n & 1):
        less = given & ~bit
        if asked.accepts(map_flags=less):
            name = bpf_map_flags(bit).name if bit in set(bpf_map_flags) else f"{bit:#x}"
            with_others = " together with BPF_F_WRONLY" if given & _BOTH == _BOTH else ""
            return Found(
                f"map_flags has {name}, which this kernel does not take of {kind}{with_others}",
                (f"map_flags is {asked.name('map_flags')}",),
                "leave the flag out",
                {"map_flags": less},
            )
    return None


RULE = Rule(
    code="RB-E024",
    title="A flag of a map that is missing, or not taken",
    calls=(bpf_cmd.BPF_MAP_CREATE,),
    errnos=(errno.EINVAL, ENOTSUPP),
    meaning=(
        "map_flags changes how a map is made. Tries of prefixes, and what is stored with "
        "sockets, files, tasks and cgroups, are allocated entry by entry and must say so "
        "(BPF_F_NO_PREALLOC); arrays and LRU tables are allocated at once and must not. An arena "
        "is there to be mapped (BPF_F_MMAPABLE)."
    ),
    reason=(
        "A flag that is ignored would promise what the map does not do. Where only one way is "
        "possible, the flag has to say it, so that another may be added later."
    ),
    example="BPF_MAP_TYPE_LPM_TRIE without BPF_F_NO_PREALLOC.",
    explain=_explain,
)
