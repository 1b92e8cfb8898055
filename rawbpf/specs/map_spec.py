"""The blueprint of a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MapSpec"]


class MapSpec(NamedTuple):
    """What BPF_MAP_CREATE needs to know. Sizes in bytes; ``value_size`` is of one CPU's value.

    ``key_type`` and ``value_type`` name integers ("u32"), or are empty when only sizes are known;
    an object file describes them so. The BTF ids are those of the object's BTF.

    ``inner``: what the maps in a map of maps are like. ``initial``: index -> name of the program
    (prog array) or map (map of maps) that is to be there from the beginning. ``pinned``: shared by
    its name in bpffs (LIBBPF_PIN_BY_NAME).

    >>> hits = MapSpec("hits", bpf_map_type.BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, max_entries=1)
    >>> hits._replace(max_entries=16).max_entries
    16
    """

    name: str
    map_type: bpf_map_type
    key_size: int
    value_size: int
    max_entries: int
    map_flags: bpf_map_flags = bpf_map_flags(0)
    btf_key_type_id: int = 0
    btf_value_type_id: int = 0
    key_type: str = ""
    value_type: str = ""
    inner: MapSpec | None = None
    initial: Mapping[int, str] = {}
    pinned: bool = False
    numa_node: int = 0
    map_extra: int = 0
