"""Section .maps: maps as C declares them, by types alone.

    struct {
        __uint(type, BPF_MAP_TYPE_HASH);     int (*type)[1]
        __uint(max_entries, 64);             int (*max_entries)[64]
        __type(key, u32);                    u32 *key
        __type(value, struct event);         struct event *value
    } hits SEC(".maps");

The section's bytes are all zero; what counts is in BTF. A number n is hidden as "pointer to an
array of n", a type as "pointer to it"; ``__array(values, T)`` is an array of pointers to T, either
another definition (a map of maps) or a function (a prog array). What such an array holds from the
beginning is told by relocations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.btf import types as t
from rawbpf.btf.sizes import POINTER_SIZE, resolve, size_of
from rawbpf.errors import FormatError
from rawbpf.specs.map_spec import MapSpec
from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rawbpf.btf.btf import Btf

__all__ = ["decode_map"]

_NUMBERS = (
    "type", "max_entries", "map_flags", "numa_node",
    "key_size", "value_size", "pinning", "map_extra",
)  # fmt: skip
_PIN_NONE, _PIN_BY_NAME = 0, 1

_OF_MAPS = (bpf_map_type.BPF_MAP_TYPE_ARRAY_OF_MAPS, bpf_map_type.BPF_MAP_TYPE_HASH_OF_MAPS)
_HOLDS_DESCRIPTORS = (*_OF_MAPS, bpf_map_type.BPF_MAP_TYPE_PROG_ARRAY)


def decode_map(name: str, btf: Btf, type_id: int, initial: Mapping[int, str]) -> MapSpec:
    """The map that a variable of this type defines; ``initial``: byte of the struct -> name.

    FormatError: it is no definition of a map.
    """
    return _Definition(name, btf, type_id).spec(initial, inner=False)


class _Definition:
    def __init__(self, name: str, btf: Btf, type_id: int) -> None:
        self.name, self.btf = name, btf
        struct = resolve(btf, type_id)
        if not isinstance(struct, t.Struct):
            raise self._bad("its type is no struct")
        self.members = {member.name: member for member in struct.members}
        self.numbers: dict[str, int] = {}
        self.key = self.value = 0
        self.values: t.Member | None = None
        for member in struct.members:
            self._member(member)

    def _member(self, member: t.Member) -> None:
        if member.name in _NUMBERS:
            self.numbers[member.name] = self._number(member)
        elif member.name == "key":
            self.key = self._pointed(member)
        elif member.name == "value":
            self.value = self._pointed(member)
        elif member.name == "values":
            self.values = member
        else:
            raise self._bad(f"{member.name!r} is no attribute of maps")

    def _number(self, member: t.Member) -> int:
        """``__uint``: the length of the array pointed to. ``__ulong``: an enum's only value."""
        record = resolve(self.btf, member.type_id)
        if isinstance(record, t.Enum | t.Enum64) and len(record.values) == 1:
            return record.values[0].value
        array = resolve(self.btf, record.type_id) if isinstance(record, t.Ptr) else None
        if not isinstance(array, t.Array):
            raise self._bad(f"{member.name!r} is no number")
        return array.length

    def _pointed(self, member: t.Member) -> int:
        record = resolve(self.btf, member.type_id)
        if not isinstance(record, t.Ptr):
            raise self._bad(f"{member.name!r} is no type")
        return record.type_id

    def spec(self, initial: Mapping[int, str], *, inner: bool) -> MapSpec:
        """The map itself, or what the maps in it are like."""
        try:
            map_type = bpf_map_type(self.numbers.get("type", 0))
        except ValueError:
            raise self._bad(f"{self.numbers['type']} is no type of map") from None
        holds = map_type in _HOLDS_DESCRIPTORS
        pinning = self.numbers.get("pinning", _PIN_NONE)
        if pinning not in (_PIN_NONE, _PIN_BY_NAME):
            raise self._bad(f"there is no pinning {pinning}")
        return MapSpec(
            self.name,
            map_type,
            self._size("key", 4 if holds else 0),
            self._size("value", 4 if holds else 0),
            self.numbers.get("max_entries", 0),
            bpf_map_flags(self.numbers.get("map_flags", 0)),
            btf_key_type_id=self.key,
            btf_value_type_id=self.value,
            inner=None if inner else self._inner(map_type),
            initial=self._initial(initial),
            pinned=pinning == _PIN_BY_NAME,
            numa_node=self.numbers.get("numa_node", 0),
            map_extra=self.numbers.get("map_extra", 0),
        )

    def _size(self, what: str, otherwise: int) -> int:
        """Bytes of a key or value, given by type, by number, or both alike."""
        type_id = self.key if what == "key" else self.value
        given = self.numbers.get(f"{what}_size")
        if not type_id:
            return otherwise if given is None else given
        size = size_of(self.btf, type_id)
        if given not in (None, size):
            raise self._bad(f"{what}_size is {given}, and its type has {size} bytes")
        return size

    def _inner(self, map_type: bpf_map_type) -> MapSpec | None:
        if self.values is None or map_type not in _OF_MAPS:
            return None
        element = self._element(self.values)
        return _Definition(f"{self.name}.inner", self.btf, element).spec({}, inner=True)

    def _element(self, values: t.Member) -> int:
        array = resolve(self.btf, values.type_id)
        pointer = resolve(self.btf, array.type_id) if isinstance(array, t.Array) else None
        if not isinstance(pointer, t.Ptr):
            raise self._bad("'values' is no array of pointers")
        return pointer.type_id

    def _initial(self, initial: Mapping[int, str]) -> dict[int, str]:
        """By index, from bytes of the struct."""
        if not initial:
            return {}
        if self.values is None:
            raise self._bad("it has initial values, and no array for them")
        start = self.values.bit_offset // 8
        found = {}
        for offset, name in initial.items():
            index, rest = divmod(offset - start, POINTER_SIZE)
            if index < 0 or rest:
                raise self._bad(f"the address at its byte {offset} is not in 'values'")
            found[index] = name
        return found

    def _bad(self, why: str) -> FormatError:
        return FormatError(f"map {self.name!r} is not defined as a map should be", why=why)
