"""RB-E020: a type of map that this kernel does not have."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.refusals.calls import plain_map, wants_more
from rawbpf.refusals.rule import Found, Rule
from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.uapi.map_sizes import SIZES

if TYPE_CHECKING:
    from rawbpf.refusals.asked import Asked


def _explain(asked: Asked) -> Found | None:
    number = asked["map_type"]
    known = number in SIZES
    if known and (wants_more(number) or asked.accepts(**plain_map(number))):
        return None
    name = asked.name("map_type") if known else f"number {number}"
    tried = ("it refuses the smallest map of this type as well",) if known else ()
    return Found(
        f"this kernel has no maps of type {name}",
        tried,
        "use another type, or a kernel that has it: one that is newer, or built with it",
    )


RULE = Rule(
    code="RB-E020",
    title="A type of map that the kernel does not have",
    calls=(bpf_cmd.BPF_MAP_CREATE,),
    errnos=(errno.EINVAL,),
    meaning=(
        "map_type is looked up in a table of the kernel. A type is not there when the kernel is "
        "older, or was built without what it belongs to. The reference of maps says since when "
        "there is each."
    ),
    reason="The type decides what keys and values are, and who may use them how.",
    example="BPF_MAP_TYPE_BLOOM_FILTER on Linux 5.10.",
    explain=_explain,
)
