"""What rules of several files need: the calls, the errnos of rights, the sizes of a map."""

from __future__ import annotations

import errno
import resource
from typing import TYPE_CHECKING

from rawbpf.specs.map_spec import map_kind
from rawbpf.uapi.bpf import bpf_cmd, bpf_map_type
from rawbpf.uapi.map_sizes import SIZES

if TYPE_CHECKING:
    from rawbpf.refusals.asked import Asked
    from rawbpf.uapi.map_sizes import Sizes

__all__ = ["LOADS", "RIGHTS", "plain_map", "sizes_of", "smallest", "wants_more"]

LOADS = (bpf_cmd.BPF_PROG_LOAD, bpf_cmd.BPF_MAP_CREATE, bpf_cmd.BPF_BTF_LOAD)
RIGHTS = (errno.EPERM, errno.EACCES)


def sizes_of(asked: Asked) -> Sizes | None:
    """What the type of map takes; None of one that we do not know."""
    return SIZES.get(asked["map_type"])


def wants_more(number: int) -> bool:
    """Whether this type of map takes another map, or types: of a plain one the kernel says no."""
    kind = map_kind(number)
    is_struct = number == bpf_map_type.BPF_MAP_TYPE_STRUCT_OPS
    return is_struct or kind.holds == "map" or bool(kind.keyed_by)


def smallest(kind: int) -> int:
    """The fewest entries that a type of map can have."""
    sizes = SIZES[kind]
    if sizes.entries:
        return sizes.entries[0]
    return resource.getpagesize() if sizes.key == sizes.value == (0,) else 1


def plain_map(kind: int) -> dict[str, int]:
    """The fields of the smallest map of a type."""
    sizes = SIZES[kind]
    return {
        "key_size": sizes.key[0] if sizes.key else 8,
        "value_size": sizes.value[0] if sizes.value else 8,
        "max_entries": smallest(kind),
        "map_flags": int(sizes.need), "inner_map_fd": 0, "numa_node": 0, "map_ifindex": 0,
        "btf_fd": 0, "btf_key_type_id": 0, "btf_value_type_id": 0,
        "btf_vmlinux_value_type_id": 0, "map_extra": 0, "value_type_btf_obj_fd": 0,
        "map_token_fd": 0,
    }  # fmt: skip
