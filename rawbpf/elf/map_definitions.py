"""Decode map definitions in section .maps, which are expressed entirely as types.

    struct {
        __uint(type, BPF_MAP_TYPE_HASH);     int (*type)[1]
        __uint(max_entries, 64);             int (*max_entries)[64]
        __type(key, u32);                    u32 *key
        __type(value, struct event);         struct event *value
    } hits SEC(".maps");

The section contains only zeros, because the definition is in BTF. A number n is encoded as "pointer
to an array of n elements", and a type as "pointer to the type". ``__array(values, T)`` is an array
of pointers to T, where T is another map definition (map of maps) or a function (program array). The
section's relocations specify the initial entries of a map of maps or program array.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from rawbpf.btf import types as t
from rawbpf.btf.sizes import POINTER_SIZE, resolve, size_of
from rawbpf.elf import layout as elf
from rawbpf.elf.faults import stop
from rawbpf.errors import FormatError, UnsupportedError
from rawbpf.specs.map_spec import MapSpec
from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rawbpf.btf.btf import Btf
    from rawbpf.elf.faults import Report
    from rawbpf.elf.read import ObjectFile
    from rawbpf.elf.references import Place

__all__ = [
    "decode_map",
    "old_maps",
    "old_places",
]

_NUMBERS = (
    "type", "max_entries", "map_flags", "numa_node",
    "key_size", "value_size", "pinning", "map_extra",
)  # fmt: skip
_PIN_NONE, _PIN_BY_NAME = 0, 1

_OF_MAPS = (bpf_map_type.BPF_MAP_TYPE_ARRAY_OF_MAPS, bpf_map_type.BPF_MAP_TYPE_HASH_OF_MAPS)
_HOLDS_DESCRIPTORS = (*_OF_MAPS, bpf_map_type.BPF_MAP_TYPE_PROG_ARRAY)


def decode_map(name: str, btf: Btf, type_id: int, initial: Mapping[int, str]) -> MapSpec:
    """Return the spec of a map that is defined by a variable of the given type.

    ``initial`` maps offsets in the struct to the names of the maps or programs whose addresses are
    stored there. Raises FormatError if the type does not define a map.
    """
    return _Definition(name, btf, type_id).spec(initial, inner=False)


class _Definition:
    def __init__(self, name: str, btf: Btf, type_id: int) -> None:
        self.name, self.btf = name, btf
        record = resolve(btf, type_id)
        if not isinstance(record, t.Struct):
            raise self._bad("the variable's type is not a struct")
        self.numbers: dict[str, int] = {}
        self.key = self.value = 0
        self.values: t.Member | None = None
        for member in record.members:
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
            raise self._bad(f"{member.name!r} is not a map attribute")

    def _number(self, member: t.Member) -> int:
        """Decode a number from an array length (``__uint``) or an enumerator (``__ulong``)."""
        record = resolve(self.btf, member.type_id)
        if isinstance(record, t.Enum | t.Enum64) and len(record.values) == 1:
            return record.values[0].value
        array = resolve(self.btf, record.type_id) if isinstance(record, t.Ptr) else None
        if not isinstance(array, t.Array):
            raise self._bad(f"{member.name!r} is not a number")
        return array.length

    def _pointed(self, member: t.Member) -> int:
        record = resolve(self.btf, member.type_id)
        if not isinstance(record, t.Ptr):
            raise self._bad(f"{member.name!r} is not a type")
        return record.type_id

    def spec(self, initial: Mapping[int, str], *, inner: bool) -> MapSpec:
        """Return the spec of a map or, with ``inner``, of its inner maps."""
        try:
            map_type = bpf_map_type(self.numbers.get("type", 0))
        except ValueError:
            raise self._bad(f"unknown map type {self.numbers['type']}") from None
        holds = map_type in _HOLDS_DESCRIPTORS
        pinning = self.numbers.get("pinning", _PIN_NONE)
        if pinning not in (_PIN_NONE, _PIN_BY_NAME):
            raise self._bad(f"unknown pinning {pinning}")
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
        """Return the size of a key or value, which is given by a type, by a number, or by both."""
        type_id = self.key if what == "key" else self.value
        given = self.numbers.get(f"{what}_size")
        if not type_id:
            return otherwise if given is None else given
        size = size_of(self.btf, type_id)
        if given not in (None, size):
            raise self._bad(f"{what}_size is {given}, but the type is {size} bytes long")
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
            raise self._bad("'values' is not an array of pointers")
        return pointer.type_id

    def _initial(self, initial: Mapping[int, str]) -> dict[int, str]:
        """Convert the positions of initial entries from offsets in the struct to indices."""
        if not initial:
            return {}
        if self.values is None:
            raise self._bad("the map has initial entries, but no 'values' array")
        start = self.values.bit_offset // 8
        found = {}
        for offset, name in initial.items():
            index, rest = divmod(offset - start, POINTER_SIZE)
            if index < 0 or rest:
                raise self._bad(f"the address at offset {offset} is not in 'values'")
            found[index] = name
        return found

    def _bad(self, why: str) -> FormatError:
        return FormatError(f"the definition of map {self.name!r} is invalid", why=why)


_OLD_NUMBERS = struct.Struct("=5I")


def old_maps(file: ObjectFile, report: Report = stop) -> dict[Place, MapSpec]:
    """Return the legacy maps in "maps" sections, keyed by section and offset.

        struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; ... };

    libbpf 1.0 dropped these definitions because they carry no types, but objects that use them
    still exist, such as the ir-keytable decoders with their section "lirc_mode2/maps". Loaders
    disagree about the fields after the first five numbers, but ignore zeros in them.

    A FormatError is reported if a definition is damaged, and an UnsupportedError if it uses fields
    beyond the first five numbers.
    """
    found = {}
    for place, (name, data) in _definitions(file).items():
        try:
            found[place] = _decode(name, data)
        except (FormatError, UnsupportedError) as fault:
            report(fault)
    return found


def old_places(file: ObjectFile) -> dict[Place, str]:
    """Return the names of all legacy maps, including invalid ones, by section and offset."""
    return {place: name for place, (name, _) in _definitions(file).items()}


def _definitions(file: ObjectFile) -> dict[Place, tuple[str, bytes]]:
    """Return the name and the bytes of each legacy map.

    Compilers before LLVM 6 record neither the type nor the size of the symbols: a definition then
    extends to the next symbol.
    """
    contents = {
        one.number: one.contents
        for one in file.sections
        if (one.name == "maps" or one.name.endswith("/maps"))
        and one.header.type == elf.SHT_PROGBITS
        and not one.is_code
    }
    symbols = [
        one
        for one in file.symbols
        if one.section in contents
        and (one.type == elf.STT_OBJECT or (one.type, one.binding) == _UNMARKED)
    ]
    found = {}
    for one in symbols:
        data = contents[one.section]
        starts = [o.value for o in symbols if o.section == one.section and o.value > one.value]
        end = one.value + one.size if one.size else min(starts, default=len(data))
        found[one.section, one.value] = one.name, data[one.value : end]
    return found


_UNMARKED = elf.STT_NOTYPE, elf.STB_GLOBAL


def _decode(name: str, data: bytes) -> MapSpec:
    if len(data) < _OLD_NUMBERS.size:
        raise FormatError(
            f"the definition of map {name!r} is invalid",
            why=(
                "struct bpf_map_def is at least 20 bytes long, but this definition has "
                f"{len(data)} bytes"
            ),
        )
    if any(data[_OLD_NUMBERS.size :]):
        raise UnsupportedError(
            f"the definition of map {name!r} is longer than the five numbers of struct bpf_map_def",
            why="the meaning of further numbers depends on the loader",
            fix='define the map as struct { __uint(type, ...); ... } SEC(".maps")',
        )
    kind, key_size, value_size, entries, flags = _OLD_NUMBERS.unpack_from(data)
    try:
        map_type = bpf_map_type(kind)
    except ValueError:
        raise FormatError(f"map {name!r}: unknown map type {kind}") from None
    return MapSpec(name, map_type, key_size, value_size, entries, bpf_map_flags(flags))
