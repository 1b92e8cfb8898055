"""The maps of a machine: by name, and by the addresses that programs know them by.

A map comes into being when a program first refers to it. The address of a map leads to no bytes,
only helpers can do something with it. A value gets an address when a program looks it up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.errors import MachineError
from rawbpf.machine.maps.create import create
from rawbpf.machine.region import ELEMENTS, MAPS, Region
from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rawbpf.machine.maps.base import MachineMap, Room
    from rawbpf.machine.memory import Memory
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["MapTable"]

_STRIDE = 0x1000
_SHOWN = 8

_EACH_ADDRESS = 256
"""Bytes that it takes, about, to remember where a value is. A program can replace and look up a
value for as long as it runs, and each new one gets an address."""


class MapTable:
    """What programs can refer to."""

    def __init__(
        self,
        specs: Iterable[MapSpec],
        contents: Mapping[str, bytes],
        memory: Memory,
        room: Room,
        cpus: int,
    ) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._contents = contents
        self._memory, self._room, self._cpus = memory, room, cpus
        self._maps: dict[str, MachineMap] = {}
        self._values: dict[int, Region] = {}  # by the identity of their bytes

    def __getitem__(self, name: str | int) -> MachineMap:
        if name not in self._maps:
            if isinstance(name, int):
                what = f"the program refers to a map by the number {name}"
                raise MachineError(what, why="the machine knows maps by their names")
            if name not in self._specs:
                raise MachineError(f"the program refers to map {name!r}", why="there is none")
            self._maps[name] = create(self._specs[name], self._room, self._cpus)
            if name in self._contents:
                self._maps[name].update(bytes(4), self._contents[name])
        return self._maps[name]

    def __iter__(self) -> Iterator[MachineMap]:
        return iter(self._maps.values())

    def address(self, name: str | int) -> int:
        """Of the map itself."""
        map_ = self[name]
        return MAPS.base + _STRIDE * list(self._maps.values()).index(map_)

    def at(self, address: int) -> MachineMap:
        """The map with this address."""
        index, rest = divmod(address - MAPS.base, _STRIDE)
        if rest or not 0 <= index < len(self._maps):
            name = self._memory.name(address)
            what = f"gets {address:#x}{f' ({name})' if name else ''} for a map"
            raise MachineError(what, why="that is the address of none")
        return list(self._maps.values())[index]

    def value_address(self, map_: MachineMap, key: bytes, value: bytearray | None) -> int:
        """Of a value, for the program to read and write; NULL of None."""
        if value is None:
            return 0
        if id(value) not in self._values:
            writable = not map_.spec.map_flags & bpf_map_flags.BPF_F_RDONLY_PROG
            name = f"{map_.spec.name}[{_short(map_, key)}]"
            self._room.take(_EACH_ADDRESS)
            region = self._memory.add(ELEMENTS, value, name, writable=writable)
            self._values[id(value)] = region
        return self._values[id(value)].base

    def only_value_address(self, name: str | int) -> int:
        """Of the value of a map that has but one."""
        map_, key = self[name], bytes(4)
        if map_.spec.map_type != bpf_map_type.BPF_MAP_TYPE_ARRAY or map_.spec.max_entries != 1:
            what = f"the program takes the address of the value of map {map_.spec.name!r}"
            raise MachineError(what, why="that is for arrays of one entry")
        return self.value_address(map_, key, map_.lookup(key, 0))

    def forget_addresses(self) -> None:
        """Values stay; pointers to them do not."""
        self._memory.remove(self._values.values())
        for _ in self._values:
            self._room.give(_EACH_ADDRESS)
        self._values.clear()


def _short(map_: MachineMap, key: bytes) -> str:
    """A key as it is shown in the name of a value."""
    if map_.kind.endswith("array"):
        return str(int.from_bytes(key, "little"))
    return key.hex() if len(key) <= _SHOWN else f"{key[:_SHOWN].hex()}..."
