"""RB-E025: the map that the maps of a map of maps are to be like."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.errors import ENOTSUPP
from rawbpf.refusals.rule import Found, Rule
from rawbpf.specs.map_spec import map_kind
from rawbpf.uapi.bpf import bpf_cmd

if TYPE_CHECKING:
    from rawbpf.refusals.asked import Asked


def _explain(asked: Asked) -> Found | None:
    if map_kind(asked["map_type"]).holds != "map":
        return None
    if not asked["inner_map_fd"]:
        return Found(
            f"{asked.name('map_type')} was given no map that those in it are to be like",
            change="give an inner map: `MapSpec.inner`, or `inner=` of Map.create",
        )
    if asked.errno == errno.EBADF:
        why = f"inner_map_fd is {asked['inner_map_fd']}, which is no open descriptor"
    elif asked.errno == ENOTSUPP:
        why = "the inner map is of a type that cannot be in a map"
    else:
        why = "the inner map is none, or itself a map of maps"
    return Found(why, change="give an ordinary map: a hash table, an array, a ring buffer")


RULE = Rule(
    code="RB-E025",
    title="An inner map that cannot be one",
    calls=(bpf_cmd.BPF_MAP_CREATE,),
    errnos=(errno.EINVAL, errno.EBADF, ENOTSUPP),
    meaning=(
        "A map of maps is made after the likeness of one map, inner_map_fd: all that are put "
        "into it have its type and sizes. It cannot itself hold maps, or programs."
    ),
    reason=(
        "The verifier checks what a program does with the inner map when it loads the program, "
        "long before it is known which one that will be. One level is enough to swap a map while "
        "programs run, and keeps the check simple."
    ),
    example="BPF_MAP_TYPE_ARRAY_OF_MAPS of program arrays.",
    explain=_explain,
)
