"""Maps as they are at the end: entries with their keys and values read by the object's types.

Entries of arrays cannot be absent, only zero; those are left out. Of a per-CPU map a value is a
list with one item for each possible CPU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawbpf.cli.tracing.decode import TABLES
from rawbpf.uapi.bpf import bpf_map_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.collection.collection import Collection
    from rawbpf.maps.map import Map

__all__ = ["entries", "tables", "variables"]

_ARRAYS = (bpf_map_type.BPF_MAP_TYPE_ARRAY, bpf_map_type.BPF_MAP_TYPE_PERCPU_ARRAY)


def tables(collection: Collection) -> list[str]:
    """The names of the maps whose entries can be shown."""
    return [name for name, one in collection.spec.maps.items() if one.map_type in TABLES]


def entries(one: Map) -> Iterator[tuple[Any, Any]]:
    """Keys and values. An entry that goes while we look is left out."""
    types, is_array = one.types, one.spec.map_type in _ARRAYS
    for key, value in one.raw_items():
        if any(value) or not is_array:
            yield types.decode_key(key), types.value.decode(value)


def variables(collection: Collection, name: str) -> dict[str, Any]:
    """The variables of a section."""
    return dict(collection.sections[name])
