"""The blueprint of a map."""

from __future__ import annotations

from typing import NamedTuple

from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type

__all__ = ["MapSpec"]


class MapSpec(NamedTuple):
    """What BPF_MAP_CREATE needs to know. Sizes in bytes; ``value_size`` is of one CPU's value.

    ``key_type`` and ``value_type`` name integers ("u32"), or are empty when only sizes are known;
    an object file describes them so.

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
