"""Maps as they are at the end: entries with their keys and values read by the object's types.

Entries of arrays cannot be absent, only zero; those are left out. Of a per-CPU map a value is a
list with one item for each possible CPU.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

from rawbpf.btf.values.codec import codec
from rawbpf.cli.run_decode import TABLES
from rawbpf.errors import FormatError, KernelError
from rawbpf.uapi.bpf import bpf_map_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rawbpf.btf.btf import Btf
    from rawbpf.collection.collection import Collection
    from rawbpf.maps.map import Map

__all__ = ["entries", "tables", "variables"]

_ARRAYS = (bpf_map_type.BPF_MAP_TYPE_ARRAY, bpf_map_type.BPF_MAP_TYPE_PERCPU_ARRAY)


def tables(collection: Collection) -> list[str]:
    """The names of the maps whose entries can be shown."""
    return [name for name, one in collection.spec.maps.items() if one.map_type in TABLES]


def entries(one: Map, types: Btf | None) -> Iterator[tuple[Any, Any]]:
    """Keys and values. An entry that goes while we look is left out."""
    spec = one.spec
    key_of = _reader(types, spec.btf_key_type_id, spec.key_size)
    value_of = _reader(types, spec.btf_value_type_id, spec.value_size)
    step = -(-spec.value_size // 8) * 8
    for key in one.keys():  # noqa: SIM118 -- a map is no dict
        try:
            data = one.lookup(key)
        except KernelError as error:
            if error.errno == errno.ENOENT:
                continue
            raise
        if spec.map_type in _ARRAYS and not any(data):
            continue
        values = [value_of(data[at : at + spec.value_size]) for at in range(0, len(data), step)]
        is_per_cpu = "PERCPU" in spec.map_type.name
        yield key_of(key), values if is_per_cpu else values[0]


def _reader(types: Btf | None, type_id: int, size: int) -> Callable[[bytes], Any]:
    """By its type; without one a number if it has the size of one, else the bytes."""
    if types is not None and type_id:
        try:
            kind = codec(types, type_id)
        except FormatError:
            kind = None
        if kind is not None and kind.size == size:
            return kind.decode
    return _number if size in (1, 2, 4, 8) else bytes


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")


def variables(collection: Collection, name: str) -> dict[str, Any]:
    """The variables of a section."""
    return dict(collection.sections[name])
